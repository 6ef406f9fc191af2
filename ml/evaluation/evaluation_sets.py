"""Make the evaluation sets that MNIST lacks, from MNIST's held-out digits.

They are the same each time, so that the scores of different versions are comparable.
"""

from typing import Final

import numpy as np

from ml.data.digit_styles import restyle
from ml.data.mnist import LabelledImages
from ml.data.negatives import make_negatives
from ml.data.restroking import restroke

RESTROKED_SHARE: Final = 0.3  # of the digits are also drawn with another pen
NEGATIVE_COUNT: Final = 1000
SEED: Final = 0


def restyled_set(digits: LabelledImages) -> LabelledImages:
    """Return digits in styles that MNIST lacks; wrong labels for such a style lower the score."""
    rng = np.random.default_rng(SEED)
    return restyle(digits, rng) + restroke(digits, RESTROKED_SHARE, rng)


def negative_set(digits: LabelledImages) -> LabelledImages:
    """Return images that are not a digit; scribbles labelled as digits lower the score."""
    return make_negatives(NEGATIVE_COUNT, digits, np.random.default_rng(SEED))
