"""The one definition of how a picture becomes the 28x28 that a network sees.

It repeats what was done to MNIST (Y. LeCun et al., "Gradient-Based Learning Applied to Document
Recognition", 1998, section III.A): the ink's longer side becomes 20 pixels, and whole-pixel
shifts bring its centre of mass to pixel (14, 14) of a 28x28 field.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from ml import photo
from ml.decode import BadImageError, Grey

SIDE: Final = 28
BOX: Final = 20  # the ink's longer side
CENTRE: Final = 14  # index of the pixel that holds the centre of mass

# Drawn on a screen, at least half of the picture has the paper's one grey; photos have many.
PLAIN: Final = 0.5
MIN_CONTRAST: Final = 32  # of 255, between paper and the strongest ink; less is an empty page
NOISE: Final = 13  # of 255: less ink than this is paper
EDGE: Final = 26  # of 255: from here on a pixel counts for the extent of the ink
SOLID: Final = 128  # of 255: from here on a pixel is more ink than paper
DOT_ASPECT: Final = 0.8
DOT_FILL: Final = 0.76  # a disc covers 0.785 of its box; the thickest digits stay below

Pixels = npt.NDArray[np.uint8]


def normalize(grey: Grey) -> Pixels:
    """Turn a grey picture of any size and polarity into what a network sees.

    Takes (height, width) uint8; returns (28, 28) uint8, paper 0, strongest ink 255.
    Raises `BadImageError` with code `blank_image` where there is no ink, and
    `single_dot` where the ink is one dot, as a tap leaves it: that is no drawing yet.
    """
    image = ink_of(Image.fromarray(grey))
    ink = np.asarray(image)
    if _is_dot(ink >= SOLID):
        raise BadImageError("single_dot", "That is a single dot: draw a digit.")
    rows, columns = _extent(ink >= EDGE)
    return _centre(_shrink(image.crop((columns.start, rows.start, columns.stop, rows.stop))))


def ink_of(image: Image.Image) -> Image.Image:
    """How much ink each pixel holds, 0 to 255, for dark on light and light on dark alike.

    All is decided on the 256 greys and how often each occurs, then looked up for every pixel.
    """
    count = np.array(image.histogram())
    paper = int(np.searchsorted(count.cumsum(), count.sum() / 2))  # the median
    if count[paper] < PLAIN * count.sum():
        image = photo.ink_on_even_paper(image)
        count, paper = np.array(image.histogram()), 0
    difference = paper - np.arange(256)
    # The square lets a few strong strokes outweigh the unevenness of much paper.
    if (count * difference * abs(difference)).sum() < 0:
        difference = -difference
    strongest = difference[count > 0].max()
    if strongest < MIN_CONTRAST:
        raise BadImageError("blank_image", "The picture is empty: there is no ink on it.")
    ink = np.rint(difference * (255 / strongest))
    ink[ink < NOISE] = 0
    return image.point(ink.clip(0, 255).astype(int).tolist())


def _extent(ink: npt.NDArray[np.bool_]) -> tuple[slice, slice]:
    """The rows and columns that hold all of it."""
    rows, columns = (np.flatnonzero(ink.any(axis=axis)) for axis in (1, 0))
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def _is_dot(ink: npt.NDArray[np.bool_]) -> bool:
    solid = ink[_extent(ink)]
    short, long = sorted(solid.shape)
    return bool(short >= DOT_ASPECT * long and solid.mean() >= DOT_FILL)


def _shrink(ink: Image.Image) -> Pixels:
    """Scale the ink so that its longer side is `BOX`, by the mean of the area under each pixel."""
    width, height = ink.size
    scale = BOX / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    how = Image.Resampling.BOX if scale < 1 else Image.Resampling.BILINEAR
    small = np.asarray(ink.resize(size, how), np.float32)
    return np.rint(small * (255 / small.max())).astype(np.uint8)


def _centre(small: Pixels) -> Pixels:
    height, width = small.shape
    weights = small.astype(np.float64) / small.sum(dtype=np.float64)
    row = CENTRE - round(float(weights.sum(axis=1) @ np.arange(height)))
    column = CENTRE - round(float(weights.sum(axis=0) @ np.arange(width)))
    row, column = min(max(row, 0), SIDE - height), min(max(column, 0), SIDE - width)
    field = np.zeros((SIDE, SIDE), np.uint8)
    field[row : row + height, column : column + width] = small
    return field
