"""Find long thin straight lines at any angle: rules, squares, the sides of boxes, underlines."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from ml.arrays import Indices, Mask
from ml.preprocessing.connected_components import dilate, label_components

MIN_LENGTH: Final = 0.25  # of the picture's longer side
MAX_WIDTH: Final = 0.022  # of the picture's longer side
MAX_ANGLES: Final = 5  # of the lines in one picture
ANGLE_SPACING: Final = 4  # degrees; the lines at nearer angles are found together
POINT_COUNT: Final = 6000  # pixels of ink that vote for the angles
SECTOR_COUNT: Final = 36  # directions
MAX_GAP: Final = 3  # pixels; lines may be interrupted


@dataclass(frozen=True)
class Line:
    """A straight line. `pixels` are the indices of its pixels in the flattened picture.

    `degrees` is 0 for horizontal lines, in -90..90.
    """

    pixels: Indices
    top: int
    bottom: int
    left: int
    right: int
    degrees: float

    @property
    def length(self) -> float:
        return math.hypot(self.bottom - self.top, self.right - self.left)

    def draw_on(self, mask: Mask) -> None:
        """Add the pixels of the line to a mask of the picture."""
        mask.flat[self.pixels] = True


def find_lines(ink: Mask) -> list[Line]:
    """Return the long thin lines in the ink. A long straight stroke of a digit is one as well."""
    side = max(ink.shape)
    min_length, max_width = round(MIN_LENGTH * side), max(2, round(MAX_WIDTH * side))
    found = []
    free = ink
    for degrees in _angles(ink, min_length, max_width):
        mask = _lines_at(free, degrees, min_length, max_width)
        free = free & ~mask
        # A component of this length has at least as many pixels.
        for pixels in _components(mask, min_length / 2 / math.sqrt(2)):
            line = _line(pixels, ink.shape[1], degrees)
            if line.length >= min_length / 2:
                found.append(line)
    return found


def _components(mask: Mask, min_count: float) -> Iterator[Indices]:
    """Yield the indices of the pixels of each component that has at least `min_count` pixels."""
    labels = label_components(mask).ravel()
    pixels = np.flatnonzero(labels)
    pixels = pixels[np.argsort(labels[pixels], kind="stable")]
    counts = np.bincount(labels[pixels], minlength=1)[1:]
    ends = counts.cumsum()
    for number in np.flatnonzero(counts >= min_count):
        yield pixels[ends[number] - counts[number] : ends[number]]


def _line(pixels: Indices, width: int, degrees: float) -> Line:
    y, x = np.divmod(pixels, width)
    top, bottom, left, right = y.min(), y.max() + 1, x.min(), x.max() + 1
    return Line(pixels, int(top), int(bottom), int(left), int(right), degrees)


def _angles(ink: Mask, min_length: int, max_width: int) -> list[float]:
    """Return the angles at which there may be lines (Hough transform), most likely first.

    A thin line gives a narrow peak. A thick stroke gives a broad one, which does not count.
    """
    y, x = np.nonzero(ink)
    if len(y) == 0:
        return []
    step = -(-len(y) // POINT_COUNT)
    y, x = y[::step], x[::step]
    angles = np.arange(-90, 90, 1.0)
    diagonal = int(np.hypot(*ink.shape)) + 2
    # One angle at a time, because arrays that fit into the processor's cache are faster.
    votes = np.stack([_count_votes(y, x, radians, diagonal) for radians in np.radians(angles)])
    apart = max_width // 2 + 2
    neighbours = np.maximum(np.roll(votes, apart, axis=1), np.roll(votes, -apart, axis=1))
    peaks = (votes - neighbours).max(axis=1).astype(float)
    chosen: list[float] = []
    while len(chosen) < MAX_ANGLES and peaks.max() * step >= 0.5 * min_length:
        best = int(peaks.argmax())
        chosen.append(float(angles[best]))
        near = abs((angles - angles[best] + 90) % 180 - 90) < ANGLE_SPACING
        peaks[near] = 0
    return chosen


def _count_votes(y: Indices, x: Indices, radians: float, diagonal: int) -> Indices:
    """Count the pixels by their distance from a line through the origin, in steps of two pixels."""
    distance = math.cos(radians) / 2 * y
    distance -= math.sin(radians) / 2 * x
    distance += diagonal / 2
    return np.bincount(distance.astype(np.intp), minlength=diagonal)


def _lines_at(ink: Mask, degrees: float, min_length: int, max_width: int) -> Mask:
    """Return the pixels of the lines at an angle. The angle may be wrong by about one degree."""
    image = Image.fromarray(ink.astype(np.uint8))
    turned = image.rotate(degrees, expand=True)
    inner = turned.getbbox()
    if inner is None:
        return np.zeros_like(ink)
    area = (inner[0] - 1, inner[1] - 1, inner[2] + 1, inner[3] + 1)
    lines = _horizontal_lines(np.asarray(turned.crop(area)).astype(bool), min_length, max_width)
    if not lines.any():
        return np.zeros_like(ink)
    turned.paste(Image.fromarray(lines.astype(np.uint8)), area[:2])
    line = turned.rotate(-degrees, expand=True)
    left, top = ((a - b) // 2 for a, b in zip(line.size, image.size, strict=True))
    box = (left, top, left + image.width, top + image.height)
    return dilate(np.asarray(line.crop(box)).astype(bool), 1) & ink


def _horizontal_lines(ink: Mask, min_length: int, max_width: int) -> Mask:
    near = dilate(ink, 1)
    long = long_runs(near, min_length, MAX_GAP)
    if not long.any():
        return np.zeros_like(ink)
    thick = dilate(long_runs(near.T, max_width + 3).T, 1)
    return long & near & ~thick


def long_runs(ink: Mask, length: int, max_gap: int = 0) -> Mask:
    """Return the pixels of horizontal runs that are at least `length` pixels long.

    Gaps of at most `max_gap` pixels are part of a run.
    """
    height, width = ink.shape
    padded = np.zeros((height, width + max_gap + 1), bool)  # so that runs end with their row
    padded[:, :width] = ink
    steps = np.flatnonzero(np.diff(padded.ravel(), prepend=False))
    starts, ends = steps[::2], steps[1::2]
    if len(starts) and max_gap:
        is_apart = starts[1:] - ends[:-1] > max_gap
        starts, ends = starts[np.append(True, is_apart)], ends[np.append(is_apart, True)]
    is_long = ends - starts >= length
    changes = np.zeros(padded.size, np.int8)
    changes[starts[is_long]] = 1
    changes[ends[is_long]] = -1
    return changes.cumsum(dtype=np.int8).astype(bool).reshape(padded.shape)[:, :width]


def surrounds(mask: Mask, centre: npt.NDArray[np.float64]) -> float:
    """Return the share of the directions from the centre (y, x) in which there is the mask."""
    rows, columns = np.nonzero(mask)
    angles = np.arctan2(rows - centre[0], columns - centre[1])
    sectors = ((angles + np.pi) * (SECTOR_COUNT / (2 * np.pi))).astype(int) % SECTOR_COUNT
    return len(np.unique(sectors)) / SECTOR_COUNT
