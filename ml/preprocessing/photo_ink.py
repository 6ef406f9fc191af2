"""Extract the ink from a photo or a scan of paper: remove the light, printed lines and specks.

The median of each neighbourhood estimates the paper's brightness. It follows gradients and the
edges of shadows, and works for chalk on a board as well as for a pen on paper.
"""

from typing import Final

import numpy as np
from PIL import Image, ImageFilter

from ml.arrays import Field, Mask
from ml.preprocessing.connected_components import label_components

WORKING_SIDE: Final = 256  # pixels, the longer side of the shrunk photo
COARSE_SIDE: Final = 48  # pixels, the longer side of the image that estimates the light
NEIGHBOURHOOD: Final = 15  # pixels of the coarse image: more than twice the widest stroke
BLUR: Final = 1.0  # pixels, against the sensor's noise
# The ink covers more than the other 0.005 of a photo, so this quantile is the ink's contrast.
CONTRAST_QUANTILE: Final = 0.995
EDGE_CONTRAST: Final = 0.22  # of the strongest contrast; the soft edge of a stroke has as much
INK_CONTRAST: Final = 0.45  # ... less is a printed line, the edge of a shadow, or noise
FULL_CONTRAST: Final = 0.7  # ... this much is as good as the strongest
LINE_LENGTH: Final = 0.3  # of the width; longer straight, thin runs are printed lines
LINE_WIDTH: Final = 0.025  # of the height; printed lines are at most this thick
CELL_SIZE: Final = 4  # pixels; ink in cells that touch counts as connected
MIN_COMPONENT_SHARE: Final = 0.1  # of the largest component's ink; smaller ones are specks


def extract_photo_ink(photo: Image.Image) -> Image.Image:
    """Return the ink alone: 0 for paper, up to 255 for the strongest difference from the paper.

    Takes a grey ("L") image; returns one whose longer side is at most `WORKING_SIDE`.
    Strength, shape and size tell ink from everything else.
    """
    photo = photo.copy()
    photo.thumbnail((WORKING_SIDE, WORKING_SIDE), Image.Resampling.BOX)
    difference = _flatten_light(photo.filter(ImageFilter.GaussianBlur(BLUR)))
    strongest = float(np.quantile(difference, CONTRAST_QUANTILE))
    ink = difference >= INK_CONTRAST * strongest
    ink &= ~(_printed_lines(ink) | _printed_lines(ink.T).T)
    # The limit makes ink in the shade as strong as ink in the light.
    full = min(FULL_CONTRAST * strongest, 255)
    # The soft edge of each stroke belongs to the ink.
    kept = _dilate(_large_components(ink)) & (difference >= EDGE_CONTRAST * strongest)
    return Image.fromarray(np.where(kept, difference, 0).clip(0, full).astype(np.uint8))


def _flatten_light(image: Image.Image) -> Field:
    """Return how much of the paper's light each pixel lacks, 0 to 255, for either polarity."""
    small = image.copy()
    small.thumbnail((COARSE_SIDE, COARSE_SIDE), Image.Resampling.BOX)
    light = small.filter(ImageFilter.MedianFilter(NEIGHBOURHOOD))
    paper = np.asarray(light.resize(image.size, Image.Resampling.BILINEAR), np.float32)
    difference = paper - np.asarray(image, np.float32)
    if (difference * abs(difference)).sum() < 0:
        difference, paper = -difference, 255 - paper
    return np.asarray(difference * (255 / paper.clip(32)), np.float32)


def _printed_lines(ink: Mask) -> Mask:
    """Return the pixels of thin, long, horizontal runs of ink."""
    height, width = ink.shape
    long = _runs(ink, max(1, round(LINE_LENGTH * width)))
    thick = _runs(ink.T, round(LINE_WIDTH * height) + 1).T
    return long & ~thick


def _runs(ink: Mask, length: int) -> Mask:
    """Return the pixels in runs of at least `length` pixels within a row."""
    sums = np.pad(ink.astype(np.int32).cumsum(axis=1), ((0, 0), (1, 0)))
    starts = sums[:, length:] - sums[:, :-length] == length
    ends = np.pad(starts.astype(np.int32), ((0, 0), (length, length))).cumsum(axis=1)
    return np.asarray(ends[:, length:] - ends[:, :-length] > 0)[:, : ink.shape[1]]


def _dilate(mask: Mask) -> Mask:
    image = Image.fromarray(mask.astype(np.uint8))
    return np.asarray(image.filter(ImageFilter.MaxFilter(5))).astype(bool)


def _large_components(ink: Mask) -> Mask:
    """Keep large components of ink, and those at the image's edge only if there are no others."""
    height, width = ink.shape
    padded = np.pad(ink, ((0, -height % CELL_SIZE), (0, -width % CELL_SIZE)))
    cells = padded.reshape(len(padded) // CELL_SIZE, CELL_SIZE, -1, CELL_SIZE).sum(axis=(1, 3))
    components = label_components(cells > 0)
    sizes = np.bincount(components.ravel(), cells.ravel())
    inside = sizes.copy()
    edges = components[0], components[-1], components[:, 0], components[:, -1]
    inside[np.concatenate(edges)] = 0
    chosen = inside if inside.max() >= MIN_COMPONENT_SHARE * sizes.max() else sizes
    kept = (chosen >= MIN_COMPONENT_SHARE * chosen.max())[components] & (cells > 0)
    return np.asarray(kept.repeat(CELL_SIZE, 0).repeat(CELL_SIZE, 1)[:height, :width] & ink)
