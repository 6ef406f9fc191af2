"""A sheet is found on a table, and the digit on it is predicted."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from ml.preprocessing.normalize import normalize
from ml.preprocessing.picture_ink import clean
from ml.runtime import load_base
from tests.support.synthetic_digits import draw, strokes_of

SIDE = 512
DIGITS = (2, 3, 5, 7, 8)


@pytest.fixture(scope="module")
def predict():
    """Return a function that predicts the digit in a picture, after adding the camera's noise."""
    recognizer = load_base()

    def predict(picture):
        noise = np.random.default_rng(0).normal(0, 3, picture.shape)
        grey = (picture + noise).clip(0, 255).astype(np.uint8)
        return recognizer.predict(normalize(clean(grey).grey)).label

    return predict


def paper(digit, share=0.4):
    """Return white paper with a digit in the middle."""
    strokes = strokes_of(digit, np.random.default_rng(digit))
    return 40 + 0.75 * draw(strokes, size=SIDE, share=share, pen=16).astype(float)


def on_table(sheet, table, corners):
    """Show the part of the sheet between the corners, and the table around it."""
    mask = Image.new("L", (SIDE, SIDE))
    ImageDraw.Draw(mask).polygon(corners, fill=255)
    return np.where(np.asarray(mask) > 0, sheet, table)


@pytest.mark.parametrize("digit", DIGITS)
def test_finds_a_sheet_on_a_table_with_bright_stripes(predict, digit):
    grain = np.random.default_rng(0).normal(130, 25, (SIDE // 4, 1)).repeat(4, axis=0)
    sheet = [(120, 100), (410, 130), (390, 420), (100, 390)]
    assert predict(on_table(paper(digit), grain, sheet)) == digit


@pytest.mark.parametrize("digit", DIGITS)
@pytest.mark.parametrize("pattern", ["stripes", "squares", "checks"])
@pytest.mark.parametrize("side", [20, 28, 40])
def test_finds_a_sheet_on_a_patterned_table_cloth(predict, digit, pattern, side):
    y, x = np.indices((SIDE, SIDE)) // side % 2
    dark = {"stripes": x, "squares": x ^ y, "checks": (x + y) / 2}[pattern]
    sheet = [(120, 100), (410, 130), (390, 420), (100, 390)]
    assert predict(on_table(paper(digit), 225 - 120 * dark, sheet)) == digit


@pytest.mark.parametrize("digit", DIGITS)
@pytest.mark.parametrize("mirrored", [False, True])
def test_a_bright_corner_next_to_a_shadow_is_not_a_sheet(predict, digit, mirrored):
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE
    light = np.where(x + y < 0.75, 1, 0.55)
    assert predict(paper(digit, 0.5) * (light[:, ::-1] if mirrored else light)) == digit


@pytest.mark.parametrize("digit", DIGITS)
@pytest.mark.parametrize("x", [0.3, 0.5, 0.8])
def test_the_light_of_a_lamp_is_not_a_sheet(predict, digit, x):
    rows, columns = np.mgrid[:SIDE, :SIDE] / SIDE
    light = 0.4 + 0.7 * np.exp(-((columns - x) ** 2 + (rows - 0.4) ** 2) / 0.08)
    assert predict(paper(digit, 0.5) * light) == digit


@pytest.mark.parametrize("digit", DIGITS)
@pytest.mark.parametrize("edge", [230, 280])
def test_finds_a_sheet_that_is_half_in_the_shadow(predict, digit, edge):
    sheet = [(90, 100), (420, 120), (410, 420), (80, 400)]
    photo = on_table(paper(digit), np.full((SIDE, SIDE), 50), sheet)
    photo[:, edge:] *= 0.55
    assert predict(photo) == digit


@pytest.mark.parametrize("digit", DIGITS)
@pytest.mark.parametrize("half", [70, 85, 100])
def test_finds_a_narrow_strip_of_paper(predict, digit, half):
    middle = SIDE // 2
    strip = [(middle - half, 0), (middle + half, 0), (middle + half, SIDE), (middle - half, SIDE)]
    table = np.full((SIDE, SIDE), 60)
    assert predict(on_table(paper(digit, 0.2), table, strip)) == digit
