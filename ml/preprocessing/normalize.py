"""Normalize an image to the model input. The site makes all model inputs with this module.

The steps are those that made MNIST (Y. LeCun et al., "Gradient-Based Learning Applied to Document
Recognition", 1998, section III.A). The ink is scaled so that its longer side is 20 pixels. Then it
is shifted by whole pixels so that its centre of mass is at pixel (14, 14) of a 28x28 field.
"""

from typing import Final

import numpy as np
from PIL import Image

from ml.arrays import IMAGE_SIDE, GreyImage, Indices, InkImage, Mask, Pixels
from ml.preprocessing import photo_ink
from ml.preprocessing.decode import BadImageError
from ml.preprocessing.light import is_dark_ink

INK_SIDE: Final = 20  # pixels, the longer side of the scaled ink
CENTRE_PIXEL: Final = 14  # row and column of the ink's centre of mass

# In a drawing from a screen, at least this share of the pixels has the same grey. Photos have many
# different greys.
PLAIN_BACKGROUND_SHARE: Final = 0.5
MIN_CONTRAST: Final = 32  # of 255, from paper to the strongest ink; less is a blank page
NOISE_LEVEL: Final = 13  # of 255; pixels with less ink count as paper
EXTENT_LEVEL: Final = 26  # of 255; pixels with at least this much define the extent of the ink
INK_LEVEL: Final = 128  # of 255; pixels with at least this much are mostly ink
DOT_ASPECT: Final = 0.8  # minimum ratio of the shorter side to the longer side of a dot
DOT_FILL: Final = 0.76  # minimum share of its box that a dot fills; a disc: 0.785, digits: less
BLANK: Final = "The image is blank. Draw a digit."


def normalize(grey: GreyImage) -> Pixels:
    """Return the model input for a grey image of any size, dark on light or light on dark.

    Takes (height, width) uint8. Returns (28, 28) uint8, where paper is 0 and the strongest ink is
    255. Raises `BadImageError` with the code `blank_image` if there is no ink, and with the code
    `single_dot` if the ink is one dot, because a tap on the canvas leaves a dot.
    """
    grey, ink_of_grey = _ink_of_greys(grey)
    around = grey[0, 0]
    if not ink_of_grey[around]:
        grey = grey[_extent(grey != around)]  # Most of a canvas is paper around the drawing.
    return normalize_ink(ink_of_grey.take(grey))


def normalize_ink(ink: InkImage) -> Pixels:
    """Return the model input for ink as `extract_ink` returns it.

    Raises `BadImageError` with the code `blank_image` if no pixel is mostly ink or if the ink is
    nothing but specks far apart, and with the code `single_dot` if the ink is one dot, because a
    tap on the canvas leaves a dot.
    """
    solid = ink >= INK_LEVEL
    if not solid.any():
        raise BadImageError("blank_image", BLANK)
    if _is_dot(solid):
        raise BadImageError("single_dot", "The image shows a single dot. Draw a digit.")
    return _centre(_shrink(Image.fromarray(ink[_extent(ink >= EXTENT_LEVEL)])))


def extract_ink(grey: GreyImage) -> InkImage:
    """Return the amount of ink in each pixel, 0 to 255, for dark on light or light on dark.

    Takes (height, width) uint8. Photos are shrunk. Raises `BadImageError` if there is no ink.
    """
    grey, ink_of_grey = _ink_of_greys(grey)
    return ink_of_grey.take(grey)


def _ink_of_greys(grey: GreyImage) -> tuple[GreyImage, InkImage]:
    """Return the image, and the amount of ink in a pixel of each grey, (256,) uint8.

    A photo is replaced by its ink. The histogram shows the grey of the paper and whether the ink is
    darker. Raises `BadImageError` if there is no ink.
    """
    count = _count_greys(grey)
    paper = int(np.searchsorted(count.cumsum(), grey.size / 2))  # the median grey
    if count[paper] < PLAIN_BACKGROUND_SHARE * grey.size:
        grey = np.asarray(photo_ink.extract_photo_ink(Image.fromarray(grey)))
        count, paper = _count_greys(grey), 0
    difference = paper - np.arange(256)
    if not is_dark_ink(difference, count):
        difference = -difference
    strongest = difference[count > 0].max()
    if strongest < MIN_CONTRAST:
        raise BadImageError("blank_image", BLANK)
    ink = np.rint(difference * (255 / strongest))
    ink[ink < NOISE_LEVEL] = 0
    return grey, ink.clip(0, 255).astype(np.uint8)


def _count_greys(grey: GreyImage) -> Indices:
    """Return the number of pixels of each grey, (256,)."""
    # Most pixels of a drawing have the grey of its corner. Counting each of them would be slow.
    others = grey[grey != grey[0, 0]]
    count = np.bincount(others, minlength=256)
    count[grey[0, 0]] += grey.size - others.size
    return count


def _extent(ink: Mask) -> tuple[slice, slice]:
    """Return the rows and the columns of the ink's bounding box."""
    rows, columns = (np.flatnonzero(ink.any(axis=axis)) for axis in (1, 0))
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def _is_dot(ink: Mask) -> bool:
    box = ink[_extent(ink)]
    short, long = sorted(box.shape)
    return bool(short >= DOT_ASPECT * long and np.count_nonzero(box) >= DOT_FILL * box.size)


def _shrink(ink: Image.Image) -> InkImage:
    """Scale the ink so that its longer side is `INK_SIDE`.

    When shrinking, each pixel becomes the mean of the area that it covers. Raises `BadImageError`
    if no ink is left.
    """
    width, height = ink.size
    scale = INK_SIDE / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    resampling = Image.Resampling.BOX if scale < 1 else Image.Resampling.BILINEAR
    small = np.asarray(ink.resize(size, resampling), np.float32)
    if not small.any():
        raise BadImageError("blank_image", BLANK)  # only specks, far apart
    return np.rint(small * (255 / small.max())).astype(np.uint8)


def _centre(small: InkImage) -> Pixels:
    """Place the ink in the 28x28 field with its centre of mass at `CENTRE_PIXEL`."""
    height, width = small.shape
    weights = small.astype(np.float64) / small.sum(dtype=np.float64)
    row = CENTRE_PIXEL - round(float(weights.sum(axis=1) @ np.arange(height)))
    column = CENTRE_PIXEL - round(float(weights.sum(axis=0) @ np.arange(width)))
    row, column = min(max(row, 0), IMAGE_SIDE - height), min(max(column, 0), IMAGE_SIDE - width)
    field = np.zeros((IMAGE_SIDE, IMAGE_SIDE), np.uint8)
    field[row : row + height, column : column + width] = small
    return field
