"""Ways to write a digit that MNIST hardly has, made from MNIST's own images.

People elsewhere write a one with a flag, a seven with a bar, a zero with a slash, a nine with a
curled tail, a four with short arms. A network that never saw them reads a flagged one as seven
and a barred seven as two.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from ml.augment import Images
from ml.decode import BadImageError
from ml.mnist import Labelled
from ml.normalize import SIDE, SOLID, Pixels, normalize

SHARE: Final = 0.3  # so many of each digit below are added once more in its other style
FINE: Final = 4  # strokes are drawn so much larger, then shrunk, for smooth edges
MARGIN: Final = SIDE // 2  # strokes may leave the image

Path = npt.NDArray[np.float64]  # (points, 2): row, column


def styled(digits: Labelled, rng: np.random.Generator) -> Labelled:
    """Copies of a share of the zeros, ones, fours, sevens and nines, each written otherwise."""
    images: list[Pixels] = []
    labels: list[int] = []
    for digit, style in STYLES.items():
        ours = np.flatnonzero(digits.labels == digit)
        for i in rng.choice(ours, round(SHARE * len(ours)), replace=False):
            try:
                images.append(normalize(255 - np.pad(style(_crop(digits.images[i]), rng), MARGIN)))
            except BadImageError:  # a blot, which no style makes legible
                continue
            labels.append(digit)
    stacked: Images = np.stack(images) if images else np.empty((0, SIDE, SIDE), np.uint8)
    return Labelled(stacked, np.array(labels, np.uint8))


def _slashed(zero: Pixels, rng: np.random.Generator) -> Pixels:
    """From the lower left to the upper right, or a curl at the top that ends inside."""
    bottom, right = np.array(zero.shape) - 1
    inset = rng.uniform(-2, 4, 4)
    if rng.random() < 0.7:
        slash = (bottom - inset[0], inset[1]), (inset[2], right - inset[3])
        return _with_strokes(zero, [np.array(slash)], rng)
    start = np.array([1, right * rng.uniform(0.4, 0.8)])
    end = np.array([bottom * rng.uniform(0.2, 0.45), right * rng.uniform(0.3, 0.7)])
    return _with_strokes(zero, [_bow(start, np.array([end[0], start[1]]), end)], rng)


def _flagged(one: Pixels, rng: np.random.Generator) -> Pixels:
    """From the top down to the left, the longer the steeper; some with a foot as well."""
    ink = _ink(one)
    length = rng.uniform(4, 15)
    angle = np.radians(rng.uniform(15 + 1.5 * length, 80))
    flag = ink[0] + (1, 0), ink[0] + (1 + length * np.sin(angle), -length * np.cos(angle))
    strokes = [np.array(flag)]
    if rng.random() < 0.25:
        left, right = rng.uniform(3, 8, 2)
        strokes.append(np.array([ink[-1] - (0, left), ink[-1] + (0, right)]))
    return _with_strokes(one, strokes, rng)


def _short_armed(four: Pixels, rng: np.random.Generator) -> Pixels:
    """Narrow, the foot pressed together, and in most open fours the right arm cut short."""
    ink = four.copy()
    lower = int(0.4 * len(ink))
    bar = lower + int((ink[lower:] >= SOLID).sum(axis=1).argmax())
    if rng.random() < 0.7 and _second_stroke(ink[bar // 3]) < ink.shape[1]:
        _cut_right_arm(ink[: int(bar * rng.uniform(0.4, 0.9))])
    foot = min(bar + 2, len(ink) - 1)
    pressed = Image.fromarray(_pressed(ink, foot, len(ink), rng.uniform(0.3, 0.9)))
    width = max(1, round(pressed.width * rng.uniform(0.6, 1)))
    return np.asarray(pressed.resize((width, pressed.height), Image.Resampling.BOX))


def _barred(seven: Pixels, rng: np.random.Generator) -> Pixels:
    """Across the stem; some with a tick down from where the pen began as well."""
    ink = _ink(seven)
    middle = ink[int(len(ink) * rng.uniform(0.45, 0.85))]
    half = rng.uniform(-2, 2), rng.uniform(3, 8)
    strokes = [np.array([middle - half, middle + half])]
    if rng.random() < 0.3:
        begin = ink[ink[:, 1].argmin()]
        strokes.append(np.array([begin, begin + rng.uniform((2, -2), (6, 1))]))
    return _with_strokes(seven, strokes, rng)


def _curled(nine: Pixels, rng: np.random.Generator) -> Pixels:
    """The head flat, the stem in a bow to the right, a tail from its foot to the left and up."""
    waist = len(nine) // 2
    nine = np.pad(_pressed(nine, 0, waist, rng.uniform(0.5, 1)), ((0, 0), (MARGIN, MARGIN)))
    stem, bow = nine[-waist:], rng.uniform(0, 0.45)
    for row, t in zip(stem, np.linspace(0, 1, len(stem)), strict=True):
        row[:] = np.roll(row, round(bow * len(stem) * (np.sin(np.pi * t) - t * t)))
    foot = _ink(nine)[-1] - (0.5, 0.0)
    low, end = foot + rng.uniform((0, -6), (6, -2)), foot + rng.uniform((-6, -15), (3, -5))
    return _with_strokes(nine, [_bow(foot, low, end)], rng)


STYLES: Final[dict[int, Callable[[Pixels, np.random.Generator], Pixels]]] = {
    0: _slashed,
    1: _flagged,
    4: _short_armed,
    7: _barred,
    9: _curled,
}


def _ink(image: Pixels) -> npt.NDArray[np.intp]:
    """(row, column) of each pixel that is more ink than paper, from top to bottom."""
    return np.argwhere(image >= SOLID)


def _crop(image: Pixels) -> Pixels:
    (top, left), (bottom, right) = _ink(image).min(axis=0), _ink(image).max(axis=0)
    return image[top : bottom + 1, left : right + 1]


def _pressed(ink: Pixels, first: int, last: int, factor: float) -> Pixels:
    """The rows from `first` to before `last` pressed to `factor` times their height."""
    height = max(1, round((last - first) * factor))
    part = Image.fromarray(ink[first:last]).resize((ink.shape[1], height), Image.Resampling.BOX)
    return np.concatenate([ink[:first], np.asarray(part), ink[last:]])


def _cut_right_arm(rows: Pixels) -> None:
    """Erase what is right of the gap between the arms, and above its end."""
    arm = rows.shape[1]
    for row in rows[::-1]:
        arm = min(arm, _second_stroke(row))
        row[arm:] = 0


def _second_stroke(row: Pixels) -> int:
    """Where the ink begins anew after a gap, from left to right; the row's length if nowhere."""
    starts = np.flatnonzero(np.diff((row >= SOLID).astype(np.int8), prepend=0) == 1)
    return int(starts[1]) - 1 if len(starts) > 1 else len(row)


def _bow(start: Path, middle: Path, end: Path) -> Path:
    """A quadratic Bezier curve; each is one (row, column)."""
    t = np.linspace(0, 1, 8)[:, None]
    return np.asarray((1 - t) ** 2 * start + 2 * t * (1 - t) * middle + t**2 * end)


def _with_strokes(ink: Pixels, strokes: list[Path], rng: np.random.Generator) -> Pixels:
    """The ink with a margin, and round-ended lines of one random width on it."""
    padded = np.pad(ink, MARGIN)
    height, width = padded.shape
    pen = rng.uniform(1.6, 3.2) * FINE
    layer = Image.new("L", (width * FINE, height * FINE))
    pencil = ImageDraw.Draw(layer)
    for stroke in strokes:
        path = [(x, y) for y, x in ((stroke + 0.5 + MARGIN) * FINE).tolist()]
        pencil.line(path, fill=255, width=round(pen))
        for point in path:
            pencil.circle(point, pen / 2, fill=255)
    return np.maximum(padded, np.asarray(layer.resize((width, height), Image.Resampling.BOX)))
