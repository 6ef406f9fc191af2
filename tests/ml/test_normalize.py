"""Model inputs have the properties of MNIST's images."""

import numpy as np
import pytest

from ml.preprocessing.decode import BadImageError, decode
from ml.preprocessing.normalize import CENTRE_PIXEL, INK_SIDE, normalize
from ml.preprocessing.png import encode_png
from tests.support.synthetic_digits import draw, strokes_of


def drawing(digit=3, seed=0, **options):
    return draw(strokes_of(digit, np.random.default_rng(seed)), **options)


def extent(pixels):
    rows, columns = np.flatnonzero(pixels.any(1)), np.flatnonzero(pixels.any(0))
    return rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1


def centre_of_mass(pixels):
    weights = pixels / pixels.sum()
    return weights.sum(1) @ np.arange(28), weights.sum(0) @ np.arange(28)


@pytest.mark.parametrize("digit", range(10))
def test_sets_the_longer_side_and_the_centre_of_mass(digit):
    pixels = normalize(drawing(digit))
    assert pixels.shape == (28, 28)
    assert pixels.dtype == np.uint8
    assert pixels.max() == 255
    assert max(extent(pixels)) == INK_SIDE
    assert centre_of_mass(pixels) == pytest.approx((CENTRE_PIXEL, CENTRE_PIXEL), abs=0.51)


@pytest.mark.parametrize("share", [0.3, 0.5, 0.75])
@pytest.mark.parametrize("shift", [(0, 0), (12, -9)])
def test_ignores_size_and_position(share, shift):
    reference = normalize(drawing(share=0.6, pen=18)).astype(int)
    other = normalize(drawing(share=share, pen=30 * share, shift=shift)).astype(int)
    assert abs(reference - other).mean() < 6


def test_treats_light_on_dark_like_dark_on_light():
    assert (normalize(drawing()) == normalize(255 - drawing())).all()


def test_treats_weak_ink_on_grey_paper_like_strong_ink():
    weak = (180 - (255 - drawing().astype(int)) * 0.25).astype(np.uint8)
    assert abs(normalize(weak).astype(int) - normalize(drawing())).mean() < 1


def test_hardly_changes_a_normalized_digit():
    once = normalize(drawing())
    assert abs(normalize(once).astype(int) - once).mean() < 0.5


def test_stored_image_gives_the_same_model_input():
    grey = drawing()
    assert (normalize(decode(encode_png(grey))) == normalize(grey)).all()


def test_hardly_changes_mnist(real_mnist):
    """MNIST was made with the same steps."""
    with np.load(real_mnist) as arrays:
        images = arrays["x_test"][:1000]
    differences = [abs(normalize(image).astype(int) - image).mean() for image in images]
    assert np.mean(differences) < 0.5


@pytest.mark.parametrize("pen", [6, 14, 26])
def test_rejects_a_single_dot(pen):
    with pytest.raises(BadImageError) as error:
        normalize(draw([[[0, 0]]], pen=pen, shift=(31.4, -20.2)))
    assert error.value.code == "single_dot"


@pytest.mark.parametrize("digit", range(10))
def test_accepts_small_digits_with_a_thick_pen(digit):
    normalize(drawing(digit, share=0.35, pen=26))


@pytest.mark.parametrize("grey", [0, 128, 255])
def test_rejects_a_blank_page(grey):
    with pytest.raises(BadImageError) as error:
        normalize(np.full((280, 280), grey, np.uint8))
    assert error.value.code == "blank_image"


def test_rejects_single_pixels_far_apart():
    specks = np.full((512, 512), 255, np.uint8)
    specks[[0, 511], [0, 511]] = 0
    with pytest.raises(BadImageError) as error:
        normalize(specks)
    assert error.value.code == "blank_image"


def test_rejects_faint_dirt():
    dirt = np.random.default_rng(0).integers(240, 256, (280, 280)).astype(np.uint8)
    with pytest.raises(BadImageError):
        normalize(dirt)
