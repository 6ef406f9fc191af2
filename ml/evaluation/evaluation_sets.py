"""Build evaluation sets for what is rare or missing in MNIST.

The same digits give the same sets, so that the scores of different versions are comparable.
"""

from typing import Final

import numpy as np

from ml.data.digit_styles import restyle
from ml.data.mnist import LabelledImages
from ml.data.negatives import make_negatives
from ml.data.restroking import restroke

SEED: Final = 0


def restyled_set(digits: LabelledImages) -> LabelledImages:
    """Return copies of digits in styles that are rare in MNIST, and all digits with other pens.

    A model trained on mislabelled digits of these styles scores lower here.
    """
    rng = np.random.default_rng(SEED)
    return restyle(digits, rng) + restroke(digits, 1.0, rng)


def negative_set(digits: LabelledImages) -> LabelledImages:
    """Return images that are not a digit, as many as there are digits.

    A model trained on scribbles that were labelled as digits scores lower here.
    """
    return make_negatives(len(digits), digits, np.random.default_rng(SEED))
