"""What judges a candidate besides MNIST's held back digits: pictures made of them.

They are the same each time, so that versions can be compared.
"""

from typing import Final

import numpy as np

from ml.mnist import Labelled
from ml.outliers import outliers
from ml.restroke import restroked
from ml.runtime import NOT_A_DIGIT
from ml.styles import styled

OTHER_PENS: Final = 0.3  # of the digits are drawn with another pen as well
NO_DIGITS: Final = 1000


def other_styles(digits: Labelled) -> Labelled:
    """Wrong labels of a style that MNIST lacks must not get through."""
    rng = np.random.default_rng(0)
    return styled(digits, rng) + restroked(digits, OTHER_PENS, rng)


def no_digits(digits: Labelled) -> Labelled:
    """Scribbles that people label as digits must not get through."""
    rng = np.random.default_rng(0)
    images = outliers(NO_DIGITS, digits.images, digits.labels, rng)
    return Labelled(images, np.full(len(images), NOT_A_DIGIT, np.uint8))
