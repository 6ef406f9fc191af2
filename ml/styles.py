"""Ways to write a digit that MNIST hardly has, added to MNIST's own images.

People elsewhere write a one with a flag, a seven with a bar, a zero with a slash, a nine with a
tail. A network that never saw them reads a flagged one as seven and a barred seven as two.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from ml.augment import Images
from ml.mnist import Labelled
from ml.normalize import SIDE, Pixels, normalize

SHARE: Final = 0.25  # so many of each digit below are added in its other style
FINE: Final = 4  # strokes are drawn so much larger, then shrunk, for smooth edges

Point = tuple[float, float]  # row, column


def styled(digits: Labelled, rng: np.random.Generator) -> Labelled:
    """Copies of a share of the zeros, ones, sevens and nines, with a stroke more each."""
    images: list[Pixels] = []
    labels: list[int] = []
    for digit, style in STYLES.items():
        ours = np.flatnonzero(digits.labels == digit)
        for i in rng.choice(ours, round(SHARE * len(ours)), replace=False):
            start, end = style(digits.images[i], rng)
            images.append(_with_stroke(digits.images[i], start, end, rng.uniform(1.6, 3.2)))
            labels.append(digit)
    stacked: Images = np.stack(images) if images else np.empty((0, SIDE, SIDE), np.uint8)
    return Labelled(stacked, np.array(labels, np.uint8))


def _flag(one: Pixels, rng: np.random.Generator) -> tuple[Point, Point]:
    """From the top down to the left."""
    row, column = _ink(one)[0]
    length, angle = rng.uniform(5, 12), np.radians(rng.uniform(20, 60))
    return (row + 1, column), (row + 1 + length * np.sin(angle), column - length * np.cos(angle))


def _bar(seven: Pixels, rng: np.random.Generator) -> tuple[Point, Point]:
    """Across the middle of the stem."""
    ink = _ink(seven)
    row, column = ink[int(len(ink) * rng.uniform(0.55, 0.8))]
    half, tilt = rng.uniform(3, 7), rng.uniform(-1.5, 1.5)
    return (row + tilt, column - half), (row - tilt, column + half)


def _slash(zero: Pixels, rng: np.random.Generator) -> tuple[Point, Point]:
    """From the lower left to the upper right."""
    ink = _ink(zero)
    (top, left), (bottom, right) = ink.min(axis=0), ink.max(axis=0)
    inset = rng.uniform(-2, 4, 4)
    return (bottom - inset[0], left + inset[1]), (top + inset[2], right - inset[3])


def _tail(nine: Pixels, rng: np.random.Generator) -> tuple[Point, Point]:
    """From the foot to the left."""
    row, column = _ink(nine)[-1]
    return (row - 0.5, column), (row - rng.uniform(0, 3), column - rng.uniform(4, 9))


STYLES: Final[dict[int, Callable[[Pixels, np.random.Generator], tuple[Point, Point]]]] = {
    0: _slash,
    1: _flag,
    7: _bar,
    9: _tail,
}


def _ink(image: Pixels) -> npt.NDArray[np.intp]:
    """(row, column) of each pixel that is more ink than paper, from top to bottom."""
    return np.argwhere(image >= 128)


def _with_stroke(image: Pixels, start: Point, end: Point, width: float) -> Pixels:
    """The image with a round-ended line from `start` to `end`, normalized anew."""
    margin = SIDE // 2  # strokes may leave the 28x28
    side = SIDE + 2 * margin
    layer = Image.new("L", (side * FINE, side * FINE))
    pencil = ImageDraw.Draw(layer)
    ends = [((c + 0.5 + margin) * FINE, (r + 0.5 + margin) * FINE) for r, c in (start, end)]
    pencil.line(ends, fill=255, width=round(width * FINE))
    radius = width * FINE / 2
    for x, y in ends:
        pencil.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    stroke = np.asarray(layer.resize((side, side), Image.Resampling.BOX))
    return normalize(np.maximum(np.pad(image, margin), stroke))
