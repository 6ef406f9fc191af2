"""Extract the ink from a photo: remove uneven light, printed lines and specks.

This is for photos that `picture_ink` has not cleaned: very small ones, and those that a client has
sent as a drawing from a canvas.
"""

from typing import Final

import numpy as np
from PIL import Image, ImageFilter

from ml.arrays import Mask
from ml.preprocessing.connected_components import border, coarsen, dilate, label_components
from ml.preprocessing.light import (
    CONTRAST_QUANTILE,
    EDGE_CONTRAST,
    FULL_CONTRAST,
    INK_CONTRAST,
    flatten_light_by_median,
    shrink,
)
from ml.preprocessing.lines import long_runs

WORKING_SIDE: Final = 256  # pixels, the longer side of the shrunk photo
BLUR: Final = 1.0  # pixels; suppresses the noise of the camera's sensor
LINE_LENGTH: Final = 0.3  # of the width; printed lines are at least this long
LINE_WIDTH: Final = 0.025  # of the height; printed lines are at most this thick
CELL_SIZE: Final = 4  # pixels; ink in neighbouring cells counts as connected
MIN_COMPONENT_SHARE: Final = 0.1  # of the largest component's ink; smaller ones are specks


def extract_photo_ink(photo: Image.Image) -> Image.Image:
    """Return only the ink of a photo: 0 is paper, higher values are more ink.

    Takes a grey ("L") image and returns one whose longer side is at most `WORKING_SIDE`. Ink is
    distinguished from everything else by contrast, shape and size.
    """
    blurred = shrink(photo, WORKING_SIDE).filter(ImageFilter.GaussianBlur(BLUR))
    difference = flatten_light_by_median(blurred)
    strongest = float(np.quantile(difference, CONTRAST_QUANTILE))
    ink = difference >= INK_CONTRAST * strongest
    ink &= ~(_printed_lines(ink) | _printed_lines(ink.T).T)
    # The upper limit makes ink in the shade as strong as ink in the light.
    full = min(FULL_CONTRAST * strongest, 255)
    # The soft edges of the strokes are part of the ink.
    kept = dilate(_large_components(ink), 2) & (difference >= EDGE_CONTRAST * strongest)
    return Image.fromarray(np.where(kept, difference, 0).clip(0, full).astype(np.uint8))


def _printed_lines(ink: Mask) -> Mask:
    """Return the pixels of long, thin, horizontal lines."""
    height, width = ink.shape
    long = long_runs(ink, max(1, round(LINE_LENGTH * width)))
    thick = long_runs(ink.T, round(LINE_WIDTH * height) + 1).T
    return long & ~thick


def _large_components(ink: Mask) -> Mask:
    """Return the ink of large connected components.

    Components at the image's edge are left out, unless there is no large one away from the edge.
    """
    height, width = ink.shape
    cells = coarsen(ink, CELL_SIZE)
    components = label_components(cells > 0)
    sizes = np.bincount(components.ravel(), cells.ravel())
    inside = sizes.copy()
    inside[border(components)] = 0
    chosen = inside if inside.max() >= MIN_COMPONENT_SHARE * sizes.max() else sizes
    kept = (chosen >= MIN_COMPONENT_SHARE * chosen.max())[components] & (cells > 0)
    return np.asarray(kept.repeat(CELL_SIZE, 0).repeat(CELL_SIZE, 1)[:height, :width] & ink)
