"""An object that reaches over the border of a photo, such as a thumb, is not read as a digit."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from ml.preprocessing.picture_ink import clean

SIDE = 512
DIGIT = (200, 160, 300, 300)  # left, top, right, bottom


def photo(paint, paper=215, ink=50):
    """Photograph a zero on paper, after `paint` has drawn something else on it."""
    page = Image.new("L", (SIDE, SIDE), paper)
    paint(ImageDraw.Draw(page))
    page = page.filter(ImageFilter.GaussianBlur(2))
    ImageDraw.Draw(page).ellipse(DIGIT, outline=ink, width=14)
    noise = np.random.default_rng(0).normal(0, 3, (SIDE, SIDE))
    return (np.asarray(page, float) + noise).clip(0, 255).astype(np.uint8)


def ink_box(grey):
    """Return the left, top, right and bottom of the ink that is left."""
    rows, columns = np.nonzero(clean(grey).grey < 128)
    return columns.min(), rows.min(), columns.max(), rows.max()


@pytest.mark.parametrize(
    "thumb",
    [(180, 400, 320, 700), (-200, 180, 90, 320), (400, -100, 600, 110), (430, 240, 700, 286)],
    ids=["at the bottom", "at the left", "in the corner", "a narrow one"],
)
@pytest.mark.parametrize(("paper", "skin", "ink"), [(215, 120, 50), (60, 150, 225)])
def test_only_the_digit_is_left_next_to_a_thumb(thumb, paper, skin, ink):
    grey = photo(lambda pen: pen.ellipse(thumb, fill=skin), paper, ink)
    assert ink_box(grey) == pytest.approx(DIGIT, abs=8)


def test_a_digit_across_the_edge_of_a_shadow_stays():
    grey = photo(lambda pen: pen.rectangle((0, 0, 250, SIDE), fill=150))
    assert ink_box(grey) == pytest.approx(DIGIT, abs=8)


def test_a_digit_in_a_small_shadow_stays():
    grey = photo(lambda pen: pen.rectangle((170, 130, 330, SIDE), fill=160))
    assert ink_box(grey) == pytest.approx(DIGIT, abs=8)
