"""Ink on paper, as a phone or a scanner sees it, becomes what the same drawing on a screen does."""

import io

import numpy as np
import pytest
from handwriting import draw, strokes_of
from kit import png
from PIL import Image, ImageDraw

from benchmarks.photograph import photograph
from ml.decode import BadImageError, decode
from ml.normalize import normalize
from ml.runtime import BASE, NOT_A_DIGIT, Recognizer

EMPTY = np.full((280, 280), 255, np.uint8)


def drawn(digit, seed=0, pen=14):
    return draw(strokes_of(digit, np.random.default_rng(seed)), share=0.5, pen=pen)


def likeness(one, other):
    """1 for the same ink, 0 for none in common; a pixel up, down or aside is no difference."""
    shifts = [(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1)]
    moved = [np.roll(one, shift, (0, 1)).astype(float) for shift in shifts]
    return max(np.minimum(m, other).sum() / np.maximum(m, other).sum() for m in moved)


def test_photos_show_what_was_drawn():
    """Plain, ruled and squared paper, a blackboard, shadows, noise, all ways up."""
    found = []
    for seed in range(60):
        canvas = drawn(seed % 10, seed)
        photo = photograph(canvas, np.random.default_rng(seed))
        found.append(likeness(normalize(decode(photo)), normalize(canvas)))
    assert np.mean(found) > 0.75
    assert np.mean(np.array(found) > 0.5) > 0.95


def answer(photo):
    """As the site answers; a page that is refused as empty is no digit either."""
    try:
        return (
            Recognizer((BASE / "model.tflite").read_bytes()).read(normalize(decode(photo))).answer
        )
    except BadImageError:
        return NOT_A_DIGIT


def test_photos_are_read():
    photos = [photograph(drawn(seed % 10, seed), np.random.default_rng(seed)) for seed in range(60)]
    assert sum(answer(photo) == seed % 10 for seed, photo in enumerate(photos)) >= 55


@pytest.mark.parametrize("seed", range(12))
def test_empty_paper_is_no_digit(seed):
    assert answer(photograph(EMPTY, np.random.default_rng(seed))) == NOT_A_DIGIT


@pytest.mark.parametrize("squared", [False, True])
def test_printed_lines_as_dark_as_the_ink_vanish(squared):
    page = np.random.default_rng(0).normal(225, 2, (280, 280))
    page[15::37] = page[16::37] = 60
    if squared:
        page[:, 15::37] = page[:, 16::37] = 60
    page = np.minimum(page, np.where(drawn(2) < 128, 60, 255)).astype(np.uint8)
    assert likeness(normalize(page), normalize(drawn(2))) > 0.7


def test_the_edge_of_a_shadow_is_no_ink():
    page = np.random.default_rng(0).normal(220, 2, (280, 280))
    page[:, 120:] *= 0.6
    page *= np.where(drawn(5) < 128, 0.3, 1)
    assert likeness(normalize(page.astype(np.uint8)), normalize(drawn(5))) > 0.7


def test_specks_and_what_leans_on_the_edge_are_no_ink():
    page = np.random.default_rng(0).normal(220, 2, (280, 280)).astype(np.uint8)
    page[drawn(8) < 128] = 40
    page[20:23, 30:33] = 40  # a crumb
    page[60:220, :9] = 20  # the table beside the paper
    assert likeness(normalize(page), normalize(drawn(8))) > 0.7


@pytest.mark.parametrize(
    ("ink", "paper"),
    [("yellow", "white"), ("blue", "black"), ("red", "black"), ("lime", "white"), ("navy", "pink")],
)
def test_any_two_colours(ink, paper):
    picture = Image.new("RGB", (280, 280), paper)
    picture.paste(ink, mask=Image.fromarray(255 - drawn(4)))
    assert likeness(normalize(decode(png(picture))), normalize(drawn(4))) > 0.9


@pytest.mark.parametrize(("orientation", "turned"), [(3, 180), (6, 90), (8, 270)])
def test_the_way_up_that_the_camera_noted(orientation, turned):
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = io.BytesIO()
    Image.fromarray(drawn(7)).rotate(turned).save(file, "JPEG", quality=95, exif=exif)
    assert likeness(normalize(decode(file.getvalue())), normalize(drawn(7))) > 0.9


def test_a_screenshot_with_a_frame_of_grey():
    """Two flat greys: half of the picture has one, so it is taken as drawn on a screen."""
    picture = Image.fromarray(drawn(3)).convert("RGB")
    ImageDraw.Draw(picture).rectangle((0, 0, 279, 10), fill=(250, 250, 250))
    assert likeness(normalize(decode(png(picture))), normalize(drawn(3))) > 0.9
