"""Ink on paper as a camera or scanner sees it: the light, the paper's lines and specks taken away.

The paper's brightness is the median of each neighbourhood, which follows a gradient as well as
the edge of a shadow, and works for chalk on a board as for a pen on paper.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from ml.blots import Mask, connected

SIDE: Final = 256  # pixels of the longer side from here on
COARSE: Final = 48  # ... and of the fields in which light and blots are told apart
NEIGHBOURHOOD: Final = 15  # of COARSE: wider than twice the widest stroke
BLUR: Final = 1.0  # pixels, against the sensor's noise
STRONG: Final = 0.995  # quantile of the contrast: a digit covers more of a photo than the rest
EDGE: Final = 0.22  # of the strongest contrast
INK: Final = 0.45  # less is a printed line, a shadow's edge, or noise
FULL: Final = 0.7  # more is as good as the strongest
LINE_LENGTH: Final = 0.3  # of the picture: straight, thin and longer is a printed line
LINE_WIDTH: Final = 0.025
CELL: Final = 4  # pixels; ink in cells that touch is connected
BLOT: Final = 0.1  # of the largest connected ink: what is smaller is a speck

Field = npt.NDArray[np.float32]


def ink_on_even_paper(photo: Image.Image) -> Image.Image:
    """The ink alone: 0 for paper, up to 255 the more a pixel differs from the paper around it.

    Takes a grey ("L") picture; returns one with `SIDE` pixels on its longer side at most.
    What is no ink is told apart by its strength, its shape and its size.
    """
    photo = photo.copy()
    photo.thumbnail((SIDE, SIDE), Image.Resampling.BOX)
    difference = _even_light(photo.filter(ImageFilter.GaussianBlur(BLUR)))
    strongest = float(np.quantile(difference, STRONG))
    ink = difference >= INK * strongest
    ink &= ~(_printed_lines(ink) | _printed_lines(ink.T).T)
    full = min(FULL * strongest, 255)  # so that ink in the shade counts as much as in the light
    # The soft edge of each stroke belongs to it.
    wanted = _widened(_large_blots(ink)) & (difference >= EDGE * strongest)
    return Image.fromarray(np.where(wanted, difference, 0).clip(0, full).astype(np.uint8))


def _even_light(image: Image.Image) -> Field:
    """How much of the paper's light each pixel lacks, 0 to 255, for either polarity."""
    small = image.copy()
    small.thumbnail((COARSE, COARSE), Image.Resampling.BOX)
    light = small.filter(ImageFilter.MedianFilter(NEIGHBOURHOOD))
    paper = np.asarray(light.resize(image.size, Image.Resampling.BILINEAR), np.float32)
    difference = paper - np.asarray(image, np.float32)
    if (difference * abs(difference)).sum() < 0:
        difference, paper = -difference, 255 - paper
    return np.asarray(difference * (255 / paper.clip(32)), np.float32)


def _printed_lines(ink: Mask) -> Mask:
    """Pixels of thin, long, level runs of ink."""
    height, width = ink.shape
    long = _opened(ink, max(1, round(LINE_LENGTH * width)))
    thick = _opened(ink.T, round(LINE_WIDTH * height) + 1).T
    return long & ~thick


def _opened(ink: Mask, length: int) -> Mask:
    """What belongs to a run of at least `length` pixels within a row."""
    sums = np.pad(ink.astype(np.int32).cumsum(axis=1), ((0, 0), (1, 0)))
    starts = sums[:, length:] - sums[:, :-length] == length
    ends = np.pad(starts.astype(np.int32), ((0, 0), (length, length))).cumsum(axis=1)
    return np.asarray(ends[:, length:] - ends[:, :-length] > 0)[:, : ink.shape[1]]


def _widened(mask: Mask) -> Mask:
    image = Image.fromarray(mask.astype(np.uint8))
    return np.asarray(image.filter(ImageFilter.MaxFilter(5))).astype(bool)


def _large_blots(ink: Mask) -> Mask:
    """Ink connected to much ink, and not to the edge of the picture where there is other."""
    height, width = ink.shape
    padded = np.pad(ink, ((0, -height % CELL), (0, -width % CELL)))
    cells = padded.reshape(len(padded) // CELL, CELL, -1, CELL).sum(axis=(1, 3))
    labels = connected(cells > 0)
    sizes = np.bincount(labels.ravel(), cells.ravel())
    inside = sizes.copy()
    inside[np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])] = 0
    chosen = inside if inside.max() >= BLOT * sizes.max() else sizes
    wanted = (chosen >= BLOT * chosen.max())[labels] & (cells > 0)
    return np.asarray(wanted.repeat(CELL, 0).repeat(CELL, 1)[:height, :width] & ink)
