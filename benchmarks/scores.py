"""Metrics: calibration error, AUROC, and the threshold that accepts most digits."""

from typing import Final

import numpy as np
import numpy.typing as npt

BIN_COUNT: Final = 15
ACCEPTED_SHARE: Final = 0.98  # of the digits

Floats = npt.NDArray[np.float64]  # (n,)
Correct = npt.NDArray[np.bool_]  # (n,), whether each prediction is correct


def calibration_error(confidence: Floats, correct: Correct) -> float:
    """Return the expected calibration error with 15 bins, in 0..1.

    C. Guo et al., "On Calibration of Modern Neural Networks", 2017, equation 3.
    """
    bins = by_bin(confidence, correct)
    return float(sum(abs(c.sum() - r.sum()) for c, r in bins) / len(correct))


def by_bin(confidence: Floats, correct: Correct) -> list[tuple[Floats, Correct]]:
    """Split the predictions into bins by confidence, lowest first. Empty bins are left out."""
    bins = np.minimum((confidence * BIN_COUNT).astype(int), BIN_COUNT - 1)
    return [(confidence[bins == b], correct[bins == b]) for b in np.unique(bins)]


def threshold(digit_scores: Floats) -> float:
    """Return the score that 98% of the digits reach."""
    return float(np.quantile(digit_scores, 1 - ACCEPTED_SHARE))


def auroc(digit_scores: Floats, other_scores: Floats) -> float:
    """Return the area under the ROC curve.

    It is the probability that a digit has a higher score than another image. A tie counts as half.
    """
    other_scores = np.sort(other_scores)
    below = np.searchsorted(other_scores, digit_scores, "left")
    up_to = np.searchsorted(other_scores, digit_scores, "right")
    return float((below + up_to).mean() / 2 / len(other_scores))
