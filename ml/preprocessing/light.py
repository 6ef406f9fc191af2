"""Flatten the light of a photo: estimate the brightness of the paper at each pixel."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from ml.arrays import Field, Mask
from ml.preprocessing.connected_components import border

COARSE_SIDE: Final = 48  # pixels, the longer side of the image that estimates the light
NEIGHBOURHOOD: Final = 15  # pixels of the coarse image; more than twice the widest thin stroke
DETAIL_SIDE: Final = 256  # pixels, the longer side of the image that tells dark from light ink
DETAIL: Final = 16  # pixels of that image, the radius of the neighbourhood of a mark
SURFACE_STEPS: Final = 6  # times that the surface is fitted
MIN_SURFACE_SIDE: Final = 3  # pixels; the equations have no solution for a shorter side
MIN_PAPER: Final = 0.3  # share of the coarse image on which a surface is fitted
MIN_SEPARATION: Final = 0.86  # share of the variance that two levels of brightness explain
BROAD_INK: Final = (0.08, 0.5)  # range of the share of a picture that a broad pen covers
MIN_PAPER_BORDER: Final = 0.9  # share of the picture's border that is paper

# Ink usually covers more than 0.005 of a photo, so this quantile of the contrast is within the ink.
CONTRAST_QUANTILE: Final = 0.995
# Shares of the strongest contrast.
EDGE_CONTRAST: Final = 0.22  # the soft edges of strokes have at least this much
INK_CONTRAST: Final = 0.45  # printed lines, edges of shadows, and noise usually have less
FULL_CONTRAST: Final = 0.7  # anything stronger counts as full ink


def flatten_light(image: Image.Image) -> Field:
    """Return each pixel's contrast with the paper, at most 255, as if the light were even.

    Takes a grey ("L") image. Ink is positive, for dark ink and for light ink. The median of each
    pixel's neighbourhood estimates the paper, which follows gradients and the edges of shadows.
    A broad pen covers most of a neighbourhood. There, a smooth surface estimates the paper.
    """
    small = shrink(image, COARSE_SIDE)
    broad = _broad_pen_paper(np.asarray(small, np.float32))
    if broad is None:
        light = small.filter(ImageFilter.MedianFilter(NEIGHBOURHOOD))
        paper, is_dark = np.asarray(light, np.float32), _has_dark_strokes(image)
    else:
        paper, is_dark = broad
    resized = Image.fromarray(paper).resize(image.size, Image.Resampling.BILINEAR)
    paper = np.asarray(resized, np.float32)
    return _to_contrast(paper - np.asarray(image, np.float32), paper, is_dark)


def flatten_light_by_median(image: Image.Image) -> Field:
    """Return the same as `flatten_light`, in less time, for pictures without a broad pen.

    The sum of all contrasts decides whether the ink is dark or light.
    """
    light = shrink(image, COARSE_SIDE).filter(ImageFilter.MedianFilter(NEIGHBOURHOOD))
    paper = np.asarray(light.resize(image.size, Image.Resampling.BILINEAR), np.float32)
    difference = paper - np.asarray(image, np.float32)
    return _to_contrast(difference, paper, is_dark_ink(difference))


def is_dark_ink(difference: npt.NDArray[Any], count: npt.NDArray[Any] | None = None) -> bool:
    """Return whether the ink is darker than the paper.

    `difference` is how much darker than the paper each pixel is. With `count`, it is how much
    darker each grey is, and `count` is the number of pixels of each grey.
    """
    # Squaring makes a few strong strokes outweigh a large area of uneven paper.
    squares = difference * abs(difference)
    return bool((squares if count is None else count * squares).sum() >= 0)


def shrink(image: Image.Image, side: int) -> Image.Image:
    """Return a copy of the image whose longer side has at most `side` pixels."""
    small = image.copy()
    small.thumbnail((side, side), Image.Resampling.BOX)
    return small


def _to_contrast(difference: Field, paper: Field, is_dark: bool) -> Field:
    if not is_dark:
        difference, paper = -difference, 255 - paper
    return np.asarray(difference * (255 / paper.clip(32)), np.float32)


def _has_dark_strokes(image: Image.Image) -> bool:
    """Return whether the narrow marks are darker than what surrounds them.

    The edges of shadows are as dark on one side as they are light on the other, so they do not
    change the skewness of the detail.
    """
    small = shrink(image, DETAIL_SIDE)
    around = np.asarray(small.filter(ImageFilter.BoxBlur(DETAIL)), np.float32)
    return bool(((around - np.asarray(small, np.float32)) ** 3).sum() >= 0)


def _broad_pen_paper(coarse: Field) -> tuple[Field, bool] | None:
    """Return the brightness of the paper if the picture shows only paper and broad ink.

    Also returns whether the ink is darker than the paper.
    """
    for sign in (1, -1):  # dark ink, light ink
        surface = _upper_surface(sign * coarse)
        if surface is None:
            continue
        difference = surface - sign * coarse
        is_ink = difference > difference.max() / 2
        low, high = BROAD_INK
        if low < is_ink.mean() < high and _is_broad(difference, is_ink):
            return np.asarray(sign * surface, np.float32), sign > 0
    return None


def _is_broad(difference: Field, is_ink: Mask) -> bool:
    within = is_ink.mean() * difference[is_ink].var() + (~is_ink).mean() * difference[~is_ink].var()
    separation = 1 - within / difference.var()
    return bool((~border(is_ink)).mean() >= MIN_PAPER_BORDER and separation >= MIN_SEPARATION)


def _upper_surface(coarse: Field) -> Field | None:
    """Fit a quadratic surface to the brighter pixels, in several steps.

    Return None if too few pixels are as bright, or if a side is too short for a quadratic surface.
    """
    height, width = coarse.shape
    if min(height, width) < MIN_SURFACE_SIDE:
        return None
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1).reshape(-1, 6)
    values = coarse.ravel()
    chosen = np.ones(values.shape, bool)
    for _ in range(SURFACE_STEPS):
        # The normal equations, because NumPy's lstsq takes much longer.
        some = terms[chosen]
        solution = np.linalg.solve(some.T @ some, some.T @ values[chosen])
        residual = values - terms @ solution
        spread = max(2.0, float(residual[chosen].std()))
        chosen = residual > -spread
        if chosen.mean() < MIN_PAPER:
            return None
    return np.asarray((terms @ solution).reshape(coarse.shape), np.float32)
