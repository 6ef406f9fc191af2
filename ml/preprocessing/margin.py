"""Add a margin to a picture whose digits touch its border.

In other pictures, only clutter touches the border.
"""

from typing import Final

import numpy as np
from PIL import Image

from ml.arrays import GreyImage, Mask
from ml.preprocessing.clutter import MIN_SURROUNDED
from ml.preprocessing.connected_components import border, dilate, label_components
from ml.preprocessing.light import shrink
from ml.preprocessing.lines import surrounds
from ml.preprocessing.sheet import TransformedPicture, find_threshold

COARSE_SIDE: Final = 128  # pixels, the longer side of the image that is checked
MARGIN: Final = 0.25  # of the longer side
MAX_INK: Final = 0.65  # share of the picture that is ink
MIN_FILLED: Final = 0.8  # of the width and of the height that the ink takes
MAX_BORDER: Final = 0.4  # share of the border that is ink; the edges of a scanner take more
STROKE_RADIUS: Final = 16  # pixels of the coarse image; half of the width of the broadest stroke
MAX_BROAD: Final = 0.1  # share of the ink that is broader than a stroke, as a shadow is
MAX_SPECKS: Final = 0.1  # of the ink at the border; a digit elsewhere in the picture has more
# The next limits are for a picture with one digit that touches one side.
MIN_SIZE: Final = 0.15  # of the longer side
MAX_CONTACT: Final = 0.8  # of its size where it touches the border; the edge of a scanner has more
MIN_WIDTH: Final = 3  # pixels of the coarse image, the mean width of the ink; lines have less


def add_margin(grey: GreyImage) -> TransformedPicture | None:
    """Return the picture with a margin of paper, or None if no digit touches its border."""
    coarse = np.asarray(shrink(Image.fromarray(grey), COARSE_SIDE))
    ink = coarse <= find_threshold(coarse)
    if border(ink).mean() > 0.5:  # light ink on dark paper
        ink = ~ink
    if ink.mean() > MAX_INK or not _is_cropped(ink):
        return None
    margin = round(MARGIN * max(grey.shape))
    padded = np.pad(grey, margin, constant_values=int(np.median(coarse[~ink])))
    matrix = np.array([(1.0, 0, -margin), (0, 1, -margin), (0, 0, 1)])
    return TransformedPicture(padded, matrix, (grey.shape[1], grey.shape[0]))


def _is_cropped(ink: Mask) -> bool:
    """Return whether strokes of digits touch the border, and not lines, shadows or edges."""
    components = label_components(ink)
    contacts = border(components)
    touching = ink & np.isin(components, contacts)
    if not 0 < np.count_nonzero(contacts) <= MAX_BORDER * contacts.size:
        return False
    broad = touching & ~dilate(~ink, STROKE_RADIUS)
    if broad.sum() > MAX_BROAD * touching.sum():
        return False
    extent = [np.ptp(np.flatnonzero(touching.any(axis=axis))) + 1 for axis in (1, 0)]
    apart = ink & ~touching
    if all(n >= MIN_FILLED * side for n, side in zip(extent, ink.shape, strict=True)):
        return not _is_framed(apart, touching)
    size = max(extent)
    return bool(
        size >= MIN_SIZE * max(ink.shape)
        and np.count_nonzero(contacts) <= MAX_CONTACT * size
        and touching.sum() >= MIN_WIDTH * size
        and apart.sum() <= MAX_SPECKS * touching.sum()
    )


def _is_framed(ink: Mask, frame: Mask) -> bool:
    """Return whether the frame, or the part of it that is seen, surrounds the ink."""
    if ink.sum() <= MAX_SPECKS * frame.sum():
        return False
    return surrounds(frame, np.mean(np.nonzero(ink), axis=1)) >= MIN_SURROUNDED
