"""Calibrate a network, so that its confidence matches its accuracy."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from ml.arrays import Labels
from ml.data.digit_styles import restyle
from ml.data.mnist import LabelledImages
from ml.data.negatives import make_negatives
from ml.runtime import NOT_A_DIGIT, Recognizer

# The assumed share of people's drawings that are not a digit. It is higher in the training data.
NEGATIVE_PRIOR: Final = 0.02
NEGATIVES_PER_DIGIT: Final = 0.2  # in the calibration data
BIASES: Final = np.linspace(-6, 1, 71).round(1).tolist()
TEMPERATURES: Final = np.geomspace(0.5, 4, 40).tolist()
MIN_PROBABILITY: Final = 1e-37  # LiteRT's float32 probabilities can underflow to 0

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Calibration:
    """The parameters that adjust logits, so that their softmax is calibrated.

    Add `outlier_bias` to the logit of "not a digit", then divide all logits by `temperature`
    (C. Guo et al., "On Calibration of Modern Neural Networks", 2017).
    """

    outlier_bias: float
    temperature: float


UNCALIBRATED: Final = Calibration(outlier_bias=0.0, temperature=1.0)


def calibrate(uncalibrated: Recognizer, digits: LabelledImages) -> Calibration:
    """Return the bias and the temperature with the lowest loss.

    `uncalibrated` is the network as exported with `UNCALIBRATED`, so that the loss includes the
    effect of its 8-bit weights. The loss is computed on `digits`, MNIST's calibration images, on
    copies in other styles, and on negatives. No version is evaluated on any of these. The weight of
    all negatives is `NEGATIVE_PRIOR` of the total weight.
    """
    data, weight = _calibration_set(digits)
    probabilities = np.array([uncalibrated.predict_proba(image) for image in data.images])
    # The softmax of these is the softmax of the logits, from which they differ by a constant.
    logits = np.log(np.maximum(probabilities.astype(np.float64), MIN_PROBABILITY))

    def loss(calibration: Calibration) -> float:
        biased = logits.copy()
        biased[:, NOT_A_DIGIT] += calibration.outlier_bias
        return float(weight @ _nll(biased / calibration.temperature, data.labels))

    return min((Calibration(b, t) for b in BIASES for t in TEMPERATURES), key=loss)


def _calibration_set(digits: LabelledImages) -> tuple[LabelledImages, Floats]:
    """Return the calibration images and the weight of each, (n,)."""
    rng = np.random.default_rng(0)  # fixed, so that versions are comparable
    data = digits + restyle(digits, rng)
    data += make_negatives(round(NEGATIVES_PER_DIGIT * len(data)), data, rng)
    is_negative = data.labels == NOT_A_DIGIT
    share = is_negative.mean()
    weight = np.where(is_negative, NEGATIVE_PRIOR / share, (1 - NEGATIVE_PRIOR) / (1 - share))
    return data, weight


def _nll(logits: Floats, labels: Labels) -> Floats:
    """Return the negative log likelihood of each label, (n,)."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_sum = np.log(np.exp(shifted).sum(axis=1))
    return np.asarray(log_sum - shifted[np.arange(len(labels)), labels])
