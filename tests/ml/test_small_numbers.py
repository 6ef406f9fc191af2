"""A multi-digit number that covers a small part of a picture is split into its digits."""

import numpy as np
import pytest
from PIL import Image

from ml.preprocessing.segmentation import segment_and_predict
from ml.runtime import load_base
from tests.support.synthetic_digits import draw, row_of


@pytest.fixture(scope="module")
def predict():
    """Return a function that draws a small number, rotates it, and returns the prediction."""
    recognizer = load_base()

    def predict(digits, share, degrees=0):
        pen = max(2, round(12 * share))
        number = Image.fromarray(draw(row_of(*digits, gap=18), size=512, share=share, pen=pen))
        rotated = number.rotate(degrees, Image.Resampling.BICUBIC, fillcolor=255)
        found = segment_and_predict(np.asarray(rotated), recognizer)
        return tuple(digit.prediction.label for digit in found)

    return predict


@pytest.mark.parametrize("share", [0.1, 0.25])
@pytest.mark.parametrize("digits", [(2, 4, 2), (5, 0, 3), (8, 6, 9, 3)])
def test_splits_a_small_number(predict, digits, share):
    assert predict(digits, share) == digits


@pytest.mark.parametrize("degrees", [-10, 10])
@pytest.mark.parametrize("digits", [(2, 4, 2), (5, 0, 3), (8, 6, 9, 3)])
def test_splits_a_small_number_that_slants(predict, digits, degrees):
    assert predict(digits, 0.25, degrees) == digits


@pytest.mark.parametrize("digit", range(10))
def test_does_not_split_a_small_digit(predict, digit):
    assert predict((digit,), 0.1) == (digit,)
