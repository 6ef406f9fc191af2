"""How good answers are: accuracy, calibration, and telling digits from what is none."""

from typing import Final

import numpy as np
import numpy.typing as npt

BINS: Final = 15
KEPT: Final = 0.98  # of the digits

Floats = npt.NDArray[np.float64]
Rights = npt.NDArray[np.bool_]


def calibration_error(confidence: Floats, right: Rights) -> float:
    """Mean distance between confidence and accuracy over 15 bins of confidence, 0..1.

    C. Guo et al., "On Calibration of Modern Neural Networks", 2017, equation 3.
    """
    return float(sum(abs(c.sum() - r.sum()) for c, r in by_bin(confidence, right)) / len(right))


def by_bin(confidence: Floats, right: Rights) -> list[tuple[Floats, Rights]]:
    """Confidences and rightness of each bin that is not empty, from the least confident up."""
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    return [(confidence[bins == b], right[bins == b]) for b in np.unique(bins)]


def threshold(digits: Floats) -> float:
    """The score that 98 % of the digits reach."""
    return float(np.quantile(digits, 1 - KEPT))


def auroc(digits: Floats, others: Floats) -> float:
    """Chance that a random digit scores higher than a random other picture; ties count half."""
    others = np.sort(others)
    below = np.searchsorted(others, digits, "left")
    up_to = np.searchsorted(others, digits, "right")
    return float((below + up_to).mean() / 2 / len(others))
