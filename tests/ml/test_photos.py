"""A photo or scan of a drawing gives nearly the same model input as the drawing itself."""

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw

from benchmarks.photo_synthesis import photograph
from ml.preprocessing.decode import BadImageError, decode
from ml.preprocessing.normalize import normalize
from ml.runtime import NOT_A_DIGIT, load_base
from tests.support.factories import png
from tests.support.synthetic_digits import draw, strokes_of

BLANK = np.full((280, 280), 255, np.uint8)


def drawing(digit, seed=0, pen=14):
    return draw(strokes_of(digit, np.random.default_rng(seed)), share=0.5, pen=pen)


def similarity(one, other):
    """Return 1 for the same ink and 0 for no common ink. Shifts by one pixel are ignored."""
    shifts = [(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1)]
    shifted = [np.roll(one, shift, (0, 1)).astype(float) for shift in shifts]
    return max(np.minimum(m, other).sum() / np.maximum(m, other).sum() for m in shifted)


@pytest.fixture(scope="module")
def photos():
    """Return photos of three drawings of each digit.

    They show plain and lined paper, blackboards, shadows and noise. Some are rotated.
    """
    return [photograph(drawing(seed % 10, seed), np.random.default_rng(seed)) for seed in range(30)]


@pytest.mark.slow
def test_photos_give_the_model_input_of_the_drawing(photos):
    similarities = []
    for seed, photo in enumerate(photos):
        canvas = drawing(seed % 10, seed)
        similarities.append(similarity(normalize(decode(photo)), normalize(canvas)))
    assert np.mean(similarities) > 0.75
    assert np.mean(np.array(similarities) > 0.5) > 0.95


@pytest.fixture(scope="module")
def predict():
    """Return a function that predicts a photo's label. A rejected photo counts as not a digit."""
    recognizer = load_base()

    def predict(photo):
        try:
            return recognizer.predict(normalize(decode(photo))).label
        except BadImageError:
            return NOT_A_DIGIT

    return predict


@pytest.mark.slow
def test_recognizes_photos(predict, photos):
    assert sum(predict(photo) == seed % 10 for seed, photo in enumerate(photos)) >= 28


@pytest.mark.parametrize("seed", range(6))
def test_blank_paper_is_not_a_digit(predict, seed):
    assert predict(photograph(BLANK, np.random.default_rng(seed))) == NOT_A_DIGIT


@pytest.mark.parametrize("is_grid", [False, True])
def test_removes_printed_lines_as_dark_as_the_ink(is_grid):
    page = np.random.default_rng(0).normal(225, 2, (280, 280))
    page[15::37] = page[16::37] = 60
    if is_grid:
        page[:, 15::37] = page[:, 16::37] = 60
    page = np.minimum(page, np.where(drawing(2) < 128, 60, 255)).astype(np.uint8)
    assert similarity(normalize(page), normalize(drawing(2))) > 0.7


def test_removes_the_edge_of_a_shadow():
    page = np.random.default_rng(0).normal(220, 2, (280, 280))
    page[:, 120:] *= 0.6
    page *= np.where(drawing(5) < 128, 0.3, 1)
    assert similarity(normalize(page.astype(np.uint8)), normalize(drawing(5))) > 0.7


def test_removes_specks_and_objects_at_the_edge():
    page = np.random.default_rng(0).normal(220, 2, (280, 280)).astype(np.uint8)
    page[drawing(8) < 128] = 40
    page[20:23, 30:33] = 40  # a crumb
    page[60:220, :9] = 20  # the table next to the paper
    assert similarity(normalize(page), normalize(drawing(8))) > 0.7


@pytest.mark.parametrize(
    ("ink", "paper"),
    [("yellow", "white"), ("blue", "black"), ("red", "black"), ("lime", "white"), ("navy", "pink")],
)
def test_accepts_coloured_ink_and_paper(ink, paper):
    image = Image.new("RGB", (280, 280), paper)
    image.paste(ink, mask=Image.fromarray(255 - drawing(4)))
    assert similarity(normalize(decode(png(image))), normalize(drawing(4))) > 0.9


@pytest.mark.parametrize(("orientation", "degrees"), [(3, 180), (6, 90), (8, 270)])
def test_rotates_as_exif_says(orientation, degrees):
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = io.BytesIO()
    Image.fromarray(drawing(7)).rotate(degrees).save(file, "JPEG", quality=95, exif=exif)
    assert similarity(normalize(decode(file.getvalue())), normalize(drawing(7))) > 0.9


def test_accepts_a_screenshot_with_a_grey_bar():
    """Most pixels have the same grey, so the image counts as a drawing from a screen."""
    image = Image.fromarray(drawing(3)).convert("RGB")
    ImageDraw.Draw(image).rectangle((0, 0, 279, 10), fill=(250, 250, 250))
    assert similarity(normalize(decode(png(image))), normalize(drawing(3))) > 0.9
