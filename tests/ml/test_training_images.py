"""Images made for training: augmented, restyled and redrawn digits, and negatives."""

import numpy as np
import pytest

from ml.data import mnist
from ml.data.augment import augment
from ml.data.digit_styles import STYLED_SHARE, STYLES, restyle
from ml.data.glyphs import draw_glyph
from ml.data.mnist import LabelledImages
from ml.data.negatives import make_negatives
from ml.data.restroking import restroke, thin
from ml.preprocessing.normalize import INK_SIDE
from ml.runtime import NOT_A_DIGIT


@pytest.fixture(scope="module")
def digits(small_mnist_file):
    return mnist.load(*small_mnist_file).training


def longer_side(pixels):
    rows, columns = np.flatnonzero(pixels.any(1)), np.flatnonzero(pixels.any(0))
    return max(np.ptp(rows), np.ptp(columns)) + 1


def test_augment_deforms_reproducibly(digits):
    images = digits.images[:64]
    deformed = augment(images, np.random.default_rng(0))
    assert deformed.shape == images.shape
    assert deformed.dtype == np.float32
    assert deformed.min() >= 0
    assert deformed.max(axis=(1, 2)) == pytest.approx(np.ones(64))
    assert np.median(abs(deformed - images / 255).mean(axis=(1, 2))) > 0.02
    again = augment(images, np.random.default_rng(0))
    assert (again == deformed).all()


def test_negatives_are_normalized_and_labelled(digits):
    negatives = make_negatives(40, digits, np.random.default_rng(0))
    assert negatives.images.shape == (40, 28, 28)
    assert (negatives.labels == NOT_A_DIGIT).all()
    assert {longer_side(image) for image in negatives.images} == {INK_SIDE}


def test_restyled_digits_are_new_and_keep_their_label(digits):
    added = restyle(digits, np.random.default_rng(0))
    candidates = np.isin(digits.labels, list(STYLES)).sum()
    assert len(added) == pytest.approx(candidates * STYLED_SHARE, abs=4)
    assert set(added.labels) == set(STYLES)
    assert added.images.max(axis=(1, 2)).min() == 255
    originals = {image.tobytes() for image in digits.images}
    assert not originals & {image.tobytes() for image in added.images}


def test_glyphs_are_all_different():
    rng = np.random.default_rng(0)
    made = {draw_glyph(rng).tobytes() for _ in range(50)}
    assert len(made) == 50


def test_thinned_ink_is_a_connected_line():
    ring = np.hypot(*(np.mgrid[:40, :40] - 20.0))
    bar = np.zeros((40, 40), bool)
    bar[5:35, 15:25] = True
    lines = thin(np.stack([(ring > 8) & (ring < 14), bar]))
    for line, ink in zip(lines, (ring, bar), strict=True):
        assert 20 <= line.sum() <= 80, "a line of one pixel"
        assert not (line & ~np.asarray(ink, bool)).any()
        rows, columns = np.nonzero(line)
        steps = np.maximum(abs(rows[:, None] - rows), abs(columns[:, None] - columns))
        reached = np.zeros(len(rows), bool)
        reached[0] = True
        for _ in rows:
            reached |= (steps[reached] <= 1).any(axis=0)
        assert reached.all(), "in one piece"
    assert not lines[0][20, 20], "the hole of the ring is still there"
    assert lines[0][20].sum() == 2


def test_restroked_digits_have_other_pen_widths_and_keep_their_label(digits):
    restroked = restroke(digits, 0.5, np.random.default_rng(0))
    assert len(restroked) == pytest.approx(len(digits) / 2, abs=1)
    ink = restroked.images.mean(axis=(1, 2))
    assert np.quantile(ink, 0.9) > 2 * np.quantile(ink, 0.1)
    assert {longer_side(image) for image in restroked.images} == {INK_SIDE}
    nearest = [
        digits.labels[abs(digits.images.astype(int) - image).sum((1, 2)).argmin()]
        for image in restroked.images[:50]
    ]
    assert (np.array(nearest) == restroked.labels[:50]).mean() > 0.9


def specks():
    """Return images with next to no ink, each with every label."""
    images = np.zeros((5, 28, 28), np.uint8)
    images[1, 14, 14] = images[2, 14, 5:20] = images[3, 5:20, 14] = 255
    images[4] = 100
    return LabelledImages(images.repeat(10, axis=0), np.tile(np.arange(10, dtype=np.uint8), 5))


@pytest.mark.parametrize("chosen", [slice(0, 10), slice(0, 50), slice(0, 1), slice(0, 0)])
@pytest.mark.parametrize("seed", range(5))
def test_very_small_sets_and_images_without_ink_are_no_error(chosen, seed):
    few, rng = specks()[chosen], np.random.default_rng(seed)
    for made in (restyle(few, rng), restroke(few, 1, rng), restroke(few, 0.1, rng)):
        assert made.images.shape == (len(made), 28, 28)
        assert made.images.dtype == np.uint8
        assert (made.images.max(axis=(1, 2)) == 255).all()
