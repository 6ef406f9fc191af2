"""The digits of a number are separated from a line that they touch."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from ml.preprocessing.picture_ink import clean
from ml.preprocessing.segmentation import segment_and_predict
from ml.runtime import load_base
from tests.support.synthetic_digits import draw, row_of

SIDE = 512


@pytest.fixture(scope="module")
def predict():
    """Return a function that predicts the number on a sheet, after adding the camera's noise."""
    recognizer = load_base()

    def predict(sheet):
        noise = np.random.default_rng(0).normal(0, 3, sheet.shape)
        grey = (40 + 0.75 * sheet + noise).clip(0, 255).astype(np.uint8)
        digits = segment_and_predict(clean(grey).grey, recognizer)
        return [digit.prediction.label for digit in digits]

    return predict


def number(digits):
    return draw(row_of(*digits), size=SIDE, share=0.6, pen=10)


@pytest.mark.parametrize("slope", [-0.04, 0, 0.04])
@pytest.mark.parametrize("digits", [(3,), (8,), (9,), (4, 8), (3, 5, 7), (7, 3), (8, 6, 9)])
def test_removes_an_underline_that_touches_the_digits(predict, digits, slope):
    sheet = Image.fromarray(number(digits))
    rows, columns = np.nonzero(np.asarray(sheet) < 128)
    beyond = 120 if len(digits) == 1 else 24
    left, right, bottom = columns.min() - beyond, columns.max() + beyond, rows.max() - 3
    tilt = slope * (right - left) / 2
    ImageDraw.Draw(sheet).line((left, bottom - tilt, right, bottom + tilt), fill=0, width=8)
    assert predict(np.asarray(sheet)) == list(digits)


@pytest.mark.parametrize("digits", [(2, 2), (1, 2), (2, 1, 2), (2,), (7,)])
def test_keeps_the_bars_of_digits(predict, digits):
    assert predict(number(digits)) == list(digits)
