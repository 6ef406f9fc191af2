"""The one definition of the 28×28, against what is known of MNIST's own."""

import numpy as np
import pytest
from handwriting import draw, strokes_of

from ml.decode import BadImageError, decode, encode_png
from ml.normalize import BOX, CENTRE, normalize


def drawn(digit=3, seed=0, **how):
    return draw(strokes_of(digit, np.random.default_rng(seed)), **how)


def extent(pixels):
    rows, columns = np.flatnonzero(pixels.any(1)), np.flatnonzero(pixels.any(0))
    return rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1


def centre_of_mass(pixels):
    weights = pixels / pixels.sum()
    return weights.sum(1) @ np.arange(28), weights.sum(0) @ np.arange(28)


@pytest.mark.parametrize("digit", range(10))
def test_longer_side_and_centre_of_mass(digit):
    pixels = normalize(drawn(digit))
    assert pixels.shape == (28, 28)
    assert pixels.dtype == np.uint8
    assert pixels.max() == 255
    assert max(extent(pixels)) == BOX
    assert centre_of_mass(pixels) == pytest.approx((CENTRE, CENTRE), abs=0.51)


@pytest.mark.parametrize("share", [0.3, 0.5, 0.75])
@pytest.mark.parametrize("shift", [(0, 0), (12, -9)])
def test_size_and_place_make_no_difference(share, shift):
    reference = normalize(drawn(share=0.6, pen=18)).astype(int)
    other = normalize(drawn(share=share, pen=30 * share, shift=shift)).astype(int)
    assert abs(reference - other).mean() < 6


def test_light_on_dark_is_the_same():
    assert (normalize(drawn()) == normalize(255 - drawn())).all()


def test_weak_ink_on_grey_paper_is_the_same():
    weak = (180 - (255 - drawn().astype(int)) * 0.25).astype(np.uint8)
    assert abs(normalize(weak).astype(int) - normalize(drawn())).mean() < 1


def test_a_normalized_digit_stays_as_it_is():
    once = normalize(drawn())
    assert abs(normalize(once).astype(int) - once).mean() < 0.5


def test_the_stored_picture_gives_the_same_bytes():
    picture = drawn()
    assert (normalize(decode(encode_png(picture))) == normalize(picture)).all()


def test_mnist_is_hardly_changed(real_mnist):
    """MNIST went through the same steps long ago: to go through them again changes little."""
    with np.load(real_mnist) as arrays:
        images = arrays["x_test"][:1000]
    differences = [abs(normalize(image).astype(int) - image).mean() for image in images]
    assert np.mean(differences) < 0.5


@pytest.mark.parametrize("pen", [6, 14, 26])
def test_a_dot_is_no_drawing(pen):
    with pytest.raises(BadImageError) as error:
        normalize(draw([[[0, 0]]], pen=pen, shift=(31.4, -20.2)))
    assert error.value.code == "single_dot"


@pytest.mark.parametrize("digit", range(10))
def test_no_digit_is_a_dot_however_thick_and_small(digit):
    normalize(drawn(digit, share=0.35, pen=26))


@pytest.mark.parametrize("grey", [0, 128, 255])
def test_an_empty_page(grey):
    with pytest.raises(BadImageError) as error:
        normalize(np.full((280, 280), grey, np.uint8))
    assert error.value.code == "blank_image"


def test_faint_dirt_is_an_empty_page():
    dirt = np.random.default_rng(0).integers(240, 256, (280, 280)).astype(np.uint8)
    with pytest.raises(BadImageError):
        normalize(dirt)
