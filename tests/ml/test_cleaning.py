"""Everything but handwriting is removed from a picture. Drawings from the page do not change."""

import hashlib
import time

import numpy as np
import pytest
from PIL import Image, ImageDraw

from benchmarks.picture_kinds import KINDS
from ml.preprocessing.decode import BadImageError, decode
from ml.preprocessing.normalize import normalize
from ml.preprocessing.picture_ink import clean
from ml.preprocessing.png import encode_png
from ml.runtime import load_base
from tests.support.factories import png
from tests.support.synthetic_digits import draw, strokes_of

# The SHA-256 of the model inputs of ten drawings, as they were before pictures were cleaned.
CANVAS_SHA256 = "8955d354a604ab169a463608ce1d94ced25d783f5eb90977729624f7ca928479"


def drawing(seed, **options):
    return draw(strokes_of(seed % 10, np.random.default_rng(seed)), **options)


def test_canvas_drawings_give_the_same_model_inputs_as_ever():
    inputs = b"".join(normalize(drawing(seed)).tobytes() for seed in range(10))
    assert hashlib.sha256(inputs).hexdigest() == CANVAS_SHA256


@pytest.mark.parametrize("seed", range(20))
def test_a_drawing_on_even_paper_stays_as_it_is(seed):
    grey = drawing(seed, share=(0.3, 0.5, 0.75)[seed % 3])
    assert (clean(grey).grey == grey).all()
    assert (clean(255 - grey).grey == 255 - grey).all()


@pytest.fixture(scope="module")
def recognizer():
    return load_base()


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_recognizes_pictures_of_each_kind(recognizer, kind):
    rng = np.random.default_rng(0)
    correct = 0
    for digit in (2, 3, 5, 7, 8):
        file = KINDS[kind](strokes_of(digit, rng), rng)
        try:
            pixels = normalize(clean(decode(file)).grey)
        except BadImageError:
            continue
        correct += recognizer.predict(pixels).label == digit
    assert correct >= 4


@pytest.mark.parametrize("digit", [0, 3, 6, 8, 9])
def test_broad_strokes_on_a_dark_surface_are_not_a_sheet(recognizer, digit):
    rng = np.random.default_rng(digit)
    chalk = 255 - draw(strokes_of(digit, rng), size=400, share=0.7, pen=44).astype(float)
    board = 20 + 0.8 * chalk + rng.normal(0, 3, chalk.shape)
    picture = clean(board.clip(0, 255).astype(np.uint8))
    assert not picture.lacks_sheet
    assert recognizer.predict(normalize(picture.grey)).label == digit


def ink_box(picture):
    """Return the box of the ink, in shares of the whole picture."""
    rows, columns = np.nonzero(picture.grey < 128)
    height, width = picture.grey.shape
    box = (
        columns.min() / width,
        rows.min() / height,
        np.ptp(columns) / width,
        np.ptp(rows) / height,
    )
    return picture.to_original(box)


def test_box_of_a_digit_is_in_the_whole_picture():
    """The sheet is a quarter of the picture, and the digit is in the middle of the sheet."""
    page = np.random.default_rng(0).normal(30, 3, (480, 480))
    page[40:280, 200:440] = 230
    page[120:200, 310:330] = 40
    picture = clean(page.clip(0, 255).astype(np.uint8))
    left, top, width, height = np.array(ink_box(picture)) * 480
    assert (left, top, width, height) == pytest.approx((310, 120, 20, 80), abs=5)


def test_box_of_a_digit_is_in_the_whole_picture_if_it_touches_the_border():
    page = np.random.default_rng(0).normal(230, 3, (300, 400))
    page[100:, 120:160] = 40
    page[100:140, 120:280] = 40
    picture = clean(page.clip(0, 255).astype(np.uint8))
    assert ink_box(picture) == pytest.approx((0.3, 1 / 3, 0.4, 2 / 3), abs=0.02)


def test_a_digit_at_the_border_is_kept_next_to_a_dot(recognizer):
    grey = np.pad(drawing(7, share=0.6), 40, constant_values=255)
    rows = np.flatnonzero((grey < 128).any(axis=1))
    grey = grey[: rows[-1] - 2].copy()
    grey[20:28, 20:28] = 0
    assert recognizer.predict(normalize(clean(grey).grey)).label == 7


@pytest.mark.parametrize("digit", range(10))
def test_removes_the_holes_of_a_punched_sheet(recognizer, digit):
    grey = draw(strokes_of(digit, np.random.default_rng(digit)), size=512, share=0.3, pen=12)
    sheet = Image.fromarray(grey)
    for y in (180, 320):
        ImageDraw.Draw(sheet).ellipse((20, y, 44, y + 24), fill=10)
    assert recognizer.predict(normalize(clean(np.asarray(sheet)).grey)).label == digit


def test_a_diagonal_strip_of_paper_is_cleaned():
    strip = Image.new("L", (512, 512), 60)
    pen = ImageDraw.Draw(strip)
    pen.line((20, 20, 490, 490), fill=225, width=22)
    pen.line((240, 240, 270, 270), fill=40, width=4)
    noise = np.random.default_rng(0).normal(0, 4, (512, 512))
    grey = (np.asarray(strip, float) + noise).clip(0, 255).astype(np.uint8)
    assert clean(grey).transformed.grey.size < 40 * 700


@pytest.mark.parametrize("share", [0.002, 0.02, 0.2])
def test_cleans_a_picture_of_many_dots_in_little_time(share):
    dots = np.random.default_rng(0).random((512, 512)) < share
    started = time.process_time()
    clean(np.where(dots, 0, 255).astype(np.uint8))
    assert time.process_time() - started < 1


@pytest.mark.filterwarnings("error")
def test_narrow_grid_is_too_faint_to_read():
    """Its lines reach the border like the black edges of a scan, but leave no paper."""
    grid = np.random.default_rng(0).normal(220, 4, (200, 200))
    grid[::6] = grid[:, ::6] = 10
    with pytest.raises(BadImageError, match="Nothing in the picture stands out"):
        clean(grid.clip(0, 255).astype(np.uint8))


def test_ignores_the_sides_of_tiny_pictures():
    tiny = np.full((63, 300), 255, np.uint8)
    tiny[:, :2] = 0
    assert (clean(tiny).grey == tiny).all()
    assert (decode(encode_png(tiny)) == tiny).all()


@pytest.mark.parametrize("factor", [1, 4, 16, 257])
def test_accepts_16_bits_of_which_few_are_used(factor):
    deep = Image.fromarray(drawing(3).astype(np.uint16) * factor)
    assert abs(normalize(decode(png(deep))).astype(int) - normalize(drawing(3))).max() <= 2


def test_accepts_half_transparent_white_ink():
    alpha = ((255 - drawing(3)) * 0.4).astype(np.uint8)
    image = Image.merge("LA", (Image.new("L", (280, 280), 255), Image.fromarray(alpha)))
    assert abs(normalize(decode(png(image))).astype(int) - normalize(drawing(3))).max() <= 8
