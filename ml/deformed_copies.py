"""Deform a model input a little, to predict it from several views (test-time augmentation)."""

from typing import Final

import numpy as np
from PIL import Image

from ml.arrays import IMAGE_SIDE, Pixels

ANGLE: Final = 0.12  # radians
WIDER: Final = (1.12, 0.94)  # factors of the width and the height
NARROWER: Final = (0.9, 1.06)
CENTRE: Final = IMAGE_SIDE / 2

Affine = tuple[float, float, float, float, float, float]  # as Pillow's `Image.transform` takes it


def deformed_copies(pixels: Pixels) -> list[Pixels]:
    """Return copies of a model input: turned to both sides, made wider, and made narrower.

    Takes and returns (28, 28) uint8. The strongest ink of each copy is 255.
    """
    image = Image.fromarray(pixels)
    size, method = image.size, Image.Transform.AFFINE
    copies = (image.transform(size, method, each, Image.Resampling.BILINEAR) for each in COPIES)
    return [_scale_ink(np.asarray(copy)) for copy in copies]


def _scale_ink(ink: Pixels) -> Pixels:
    return np.rint(ink * (255 / max(ink.max(), 1))).astype(np.uint8)


def _turn(angle: float) -> Affine:
    cosine, sine = float(np.cos(angle)), float(np.sin(angle))
    return _around_centre(cosine, -sine, sine, cosine)


def _stretch(width: float, height: float) -> Affine:
    return _around_centre(1 / width, 0, 0, 1 / height)


def _around_centre(a: float, b: float, c: float, d: float) -> Affine:
    """Return the map of (x, y) to (ax + by, cx + dy), relative to the centre of the image."""
    return a, b, CENTRE * (1 - a - b), c, d, CENTRE * (1 - c - d)


COPIES: Final = (_turn(ANGLE), _turn(-ANGLE), _stretch(*WIDER), _stretch(*NARROWER))
