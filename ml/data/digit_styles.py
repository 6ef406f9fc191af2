"""Make digits in styles that are rare in MNIST, from MNIST's own images.

In many countries, people write a one with a flag, a seven with a bar, a zero with a slash, a nine
with a curled tail, or a four with short arms. A network that was not trained on these styles
often predicts seven for a one with a flag, and two for a seven with a bar.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from ml.arrays import IMAGE_SIDE, InkImage, Pixels
from ml.data.mnist import LabelledImages, stack
from ml.preprocessing.decode import BadImageError
from ml.preprocessing.normalize import INK_LEVEL, normalize

STYLED_SHARE: Final = 0.3  # of the images of each digit in STYLES get a copy in its style
SUPERSAMPLING: Final = 4  # strokes are drawn enlarged, then shrunk, so that their edges are smooth
MARGIN: Final = IMAGE_SIDE // 2  # pixels around the image, because added strokes may leave it

Path = npt.NDArray[np.float64]  # (points, 2): row, column
Point = npt.NDArray[np.float64]  # (2,): row, column


def restyle(digits: LabelledImages, rng: np.random.Generator) -> LabelledImages:
    """Return restyled copies of a random share of the zeros, ones, fours, sevens and nines."""
    images: list[Pixels] = []
    labels: list[int] = []
    for digit, style in STYLES.items():
        candidates = np.flatnonzero(digits.labels == digit)
        count = round(STYLED_SHARE * len(candidates))
        for i in rng.choice(candidates, count, replace=False):
            try:
                images.append(normalize(255 - np.pad(style(_crop(digits.images[i]), rng), MARGIN)))
            except BadImageError:  # The result is blank or a single dot.
                continue
            labels.append(digit)
    return LabelledImages(stack(images), np.array(labels, np.uint8))


def _slashed(zero: InkImage, rng: np.random.Generator) -> InkImage:
    """Add a slash from the lower left to the upper right, or a curl from the top inward."""
    bottom, right = np.array(zero.shape) - 1
    inset = rng.uniform(-2, 4, 4)
    if rng.random() < 0.7:
        slash = (bottom - inset[0], inset[1]), (inset[2], right - inset[3])
        return _with_strokes(zero, [np.array(slash)], rng)
    start = np.array([1, right * rng.uniform(0.4, 0.8)])
    end = np.array([bottom * rng.uniform(0.2, 0.45), right * rng.uniform(0.3, 0.7)])
    return _with_strokes(zero, [bezier(start, np.array([end[0], start[1]]), end)], rng)


def _flagged(one: InkImage, rng: np.random.Generator) -> InkImage:
    """Add a flag from the top down to the left. A long flag is steep. Some ones also get a foot."""
    ink = _ink_pixels(one)
    length = rng.uniform(4, 15)
    angle = np.radians(rng.uniform(15 + 1.5 * length, 80))
    flag = ink[0] + (1, 0), ink[0] + (1 + length * np.sin(angle), -length * np.cos(angle))
    strokes = [np.array(flag)]
    if rng.random() < 0.25:
        left, right = rng.uniform(3, 8, 2)
        strokes.append(np.array([ink[-1] - (0, left), ink[-1] + (0, right)]))
    return _with_strokes(one, strokes, rng)


def _short_armed(four: InkImage, rng: np.random.Generator) -> InkImage:
    """Narrow the digit, shorten its foot, and shorten the right arm of most open fours."""
    ink = four.copy()
    lower = int(0.4 * len(ink))
    bar = lower + int((ink[lower:] >= INK_LEVEL).sum(axis=1).argmax())
    if rng.random() < 0.7 and _second_stroke(ink[bar // 3]) < ink.shape[1]:
        _cut_right_arm(ink[: int(bar * rng.uniform(0.4, 0.9))])
    foot = min(bar + 2, len(ink) - 1)
    compressed = Image.fromarray(_compress_rows(ink, foot, len(ink), rng.uniform(0.3, 0.9)))
    width = max(1, round(compressed.width * rng.uniform(0.6, 1)))
    return np.asarray(compressed.resize((width, compressed.height), Image.Resampling.BOX))


def _barred(seven: InkImage, rng: np.random.Generator) -> InkImage:
    """Add a bar across the stem. Some sevens also get a tick down from the start of the stroke."""
    ink = _ink_pixels(seven)
    middle = ink[int(len(ink) * rng.uniform(0.45, 0.85))]
    half = rng.uniform(-2, 2), rng.uniform(3, 8)
    strokes = [np.array([middle - half, middle + half])]
    if rng.random() < 0.3:
        start = ink[ink[:, 1].argmin()]
        strokes.append(np.array([start, start + rng.uniform((2, -2), (6, 1))]))
    return _with_strokes(seven, strokes, rng)


def _curled(nine: InkImage, rng: np.random.Generator) -> InkImage:
    """Flatten the head, bend the stem to the right, and add a tail that curls up to the left."""
    waist = len(nine) // 2
    nine = np.pad(_compress_rows(nine, 0, waist, rng.uniform(0.5, 1)), ((0, 0), (MARGIN, MARGIN)))
    stem, bend = nine[-waist:], rng.uniform(0, 0.45)
    for row, t in zip(stem, np.linspace(0, 1, len(stem)), strict=True):
        row[:] = np.roll(row, round(bend * len(stem) * (np.sin(np.pi * t) - t * t)))
    foot = _ink_pixels(nine)[-1] - (0.5, 0.0)
    low, end = foot + rng.uniform((0, -6), (6, -2)), foot + rng.uniform((-6, -15), (3, -5))
    return _with_strokes(nine, [bezier(foot, low, end)], rng)


STYLES: Final[dict[int, Callable[[InkImage, np.random.Generator], InkImage]]] = {
    0: _slashed,
    1: _flagged,
    4: _short_armed,
    7: _barred,
    9: _curled,
}


def _ink_pixels(image: InkImage) -> npt.NDArray[np.intp]:
    """Return the (row, column) of each pixel that is mostly ink, from top to bottom."""
    return np.argwhere(image >= INK_LEVEL)


def _crop(image: InkImage) -> InkImage:
    """Return the ink's bounding box. Raises `BadImageError` if no pixel is mostly ink."""
    ink = _ink_pixels(image)
    if len(ink) == 0:
        raise BadImageError("blank_image", "The image is blank.")
    (top, left), (bottom, right) = ink.min(axis=0), ink.max(axis=0)
    return image[top : bottom + 1, left : right + 1]


def _compress_rows(ink: InkImage, first: int, last: int, factor: float) -> InkImage:
    """Scale the height of the rows `first` to `last`, exclusive, by `factor`."""
    height = max(1, round((last - first) * factor))
    part = Image.fromarray(ink[first:last]).resize((ink.shape[1], height), Image.Resampling.BOX)
    return np.concatenate([ink[:first], np.asarray(part), ink[last:]])


def _cut_right_arm(rows: InkImage) -> None:
    """Erase the right arm in place.

    The rows are erased from the bottom up. Each is erased to the right of the leftmost start of the
    arm in this and the lower rows.
    """
    arm = rows.shape[1]
    for row in rows[::-1]:
        arm = min(arm, _second_stroke(row))
        row[arm:] = 0


def _second_stroke(row: InkImage) -> int:
    """Return the last column before the second run of ink, or the row's length if there is none."""
    starts = np.flatnonzero(np.diff((row >= INK_LEVEL).astype(np.int8), prepend=0) == 1)
    return int(starts[1]) - 1 if len(starts) > 1 else len(row)


def bezier(start: Point, control: Point, end: Point, count: int = 8) -> Path:
    """Return `count` points of a quadratic Bezier curve."""
    t = np.linspace(0, 1, count)[:, None]
    return np.asarray((1 - t) ** 2 * start + 2 * t * (1 - t) * control + t**2 * end)


def _with_strokes(ink: InkImage, strokes: list[Path], rng: np.random.Generator) -> InkImage:
    """Return the ink with a margin and the added strokes, which have one random width."""
    padded = np.pad(ink, MARGIN)
    height, width = padded.shape
    pen = rng.uniform(1.6, 3.2) * SUPERSAMPLING
    layer = Image.new("L", (width * SUPERSAMPLING, height * SUPERSAMPLING))
    draw = ImageDraw.Draw(layer)
    for stroke in strokes:
        path = [(x, y) for y, x in ((stroke + 0.5 + MARGIN) * SUPERSAMPLING).tolist()]
        draw.line(path, fill=255, width=round(pen))
        for point in path:
            draw.circle(point, pen / 2, fill=255)
    return np.maximum(padded, np.asarray(layer.resize((width, height), Image.Resampling.BOX)))
