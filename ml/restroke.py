"""MNIST's digits written anew with another pen: the line that the pen went, drawn at any width.

MNIST's pens are alike, and its scanner greys the edges in its own way. A line thinned to its
middle and drawn with a round pen looks as a screen or a felt-tip shows the same digit.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from ml.decode import BadImageError
from ml.mnist import Labelled
from ml.normalize import SIDE, SOLID, Pixels, normalize

AT_ONCE: Final = 1000  # digits: thinning needs many times their bytes
SCALE: Final = 2  # thinned so much larger, for a smoother line
MARGIN: Final = SIDE // 2  # a wide pen may leave the image
PEN: Final = 1.2, 6.0  # radius, in pixels of the larger image

# How to roll an image so that each pixel meets its neighbour to the north, north-east, ...
CLOCKWISE: Final = ((1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1))

Mask = npt.NDArray[np.bool_]


def restroked(digits: Labelled, share: float, rng: np.random.Generator) -> Labelled:
    """Copies of a share of the digits, each drawn along its middle line by a pen of any width."""
    chosen = rng.choice(len(digits), round(share * len(digits)), replace=False)
    images: list[Pixels] = []
    labels: list[int] = []
    for some in np.split(chosen, range(AT_ONCE, len(chosen), AT_ONCE)):
        lines = thin(np.stack([_enlarged(digits.images[i]) for i in some]) >= SOLID)
        for line, label in zip(lines, digits.labels[some], strict=True):
            try:
                images.append(normalize(255 - _drawn(line, rng.uniform(*PEN))))
            except BadImageError:  # so small that the pen fills it
                continue
            labels.append(label)
    return Labelled(np.stack(images), np.array(labels, np.uint8))


def thin(ink: Mask) -> Mask:
    """Thin (n, height, width) images to lines one pixel wide that are connected as before.

    T. Zhang and C. Suen, "A Fast Parallel Algorithm for Thinning Digital Patterns", 1984.
    """
    ink = np.pad(ink, ((0, 0), (1, 1), (1, 1)))
    changed = np.ones(len(ink), bool)
    while changed.any():
        before = ink[changed]
        after = before.copy()
        for first in (True, False):
            after &= ~_removable(after, first)
        ink[changed] = after
        changed[changed] = (after != before).any(axis=(1, 2))
    return ink[:, 1:-1, 1:-1]


def _removable(ink: Mask, first: bool) -> Mask:
    """Ink on the border that holds nothing together: south-east first, then north-west."""
    around = [np.roll(ink, shift, (1, 2)) for shift in CLOCKWISE]
    north, _, east, _, south, _, west, _ = around
    neighbours = sum(ink.astype(np.int8) for ink in around)
    pieces = sum(
        (~here & there).astype(np.int8)
        for here, there in zip(around, around[1:] + around[:1], strict=True)
    )
    inner = east & south & (north | west) if first else north & west & (east | south)
    return np.asarray(ink & ~inner & (neighbours >= 2) & (neighbours <= 6) & (pieces == 1))


def _enlarged(image: Pixels) -> Pixels:
    size = (SCALE * SIDE, SCALE * SIDE)
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BICUBIC))


def _drawn(line: Mask, radius: float) -> Pixels:
    """A round pen set down on every pixel of the line."""
    side = SCALE * (SIDE + 2 * MARGIN)
    field = Image.new("L", (side, side))
    pencil = ImageDraw.Draw(field)
    for row, column in np.argwhere(line) + SCALE * MARGIN:
        pencil.circle((column, row), radius, fill=255)
    return np.asarray(field)
