"""Find long thin straight lines at any angle: rules, squares, the sides of boxes, underlines."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from ml.arrays import Mask
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
    """A straight line. `degrees` is 0 for horizontal lines, in -90..90."""

    mask: Mask
    degrees: float
    length: float


def find_lines(ink: Mask) -> list[Line]:
    """Return the long thin lines in the ink. A long straight stroke of a digit is one as well."""
    side = max(ink.shape)
    min_length, max_width = round(MIN_LENGTH * side), max(2, round(MAX_WIDTH * side))
    found = []
    free = ink
    for degrees in _angles(ink, min_length, max_width):
        mask = _lines_at(free, degrees, min_length, max_width)
        free = free & ~mask
        labels = label_components(mask)
        pixels = np.bincount(labels.ravel())
        pixels[0] = 0
        # A component of this length has at least as many pixels.
        for number in np.flatnonzero(pixels >= min_length / 2 / np.sqrt(2)):
            line = labels == number
            length = _length(line)
            if length >= min_length / 2:
                found.append(Line(line, degrees, length))
    return found


def _length(mask: Mask) -> float:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return float(np.hypot(rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1))


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
    radians = np.radians(angles)
    # The distance of each pixel from a line through the origin at each angle.
    distance = np.outer(np.cos(radians), y) - np.outer(np.sin(radians), x)
    diagonal = int(np.hypot(*ink.shape)) + 2
    bins = ((distance + diagonal) / 2).astype(np.intp) + diagonal * np.arange(180)[:, None]
    votes = np.bincount(bins.ravel(), minlength=180 * diagonal).reshape(180, diagonal)
    apart = max_width // 2 + 2
    beside = np.maximum(np.roll(votes, apart, axis=1), np.roll(votes, -apart, axis=1))
    peaks = (votes - beside).max(axis=1).astype(float)
    chosen: list[float] = []
    while len(chosen) < MAX_ANGLES and peaks.max() * step >= 0.5 * min_length:
        best = int(peaks.argmax())
        chosen.append(float(angles[best]))
        near = abs((angles - angles[best] + 90) % 180 - 90) < ANGLE_SPACING
        peaks[near] = 0
    return chosen


def _lines_at(ink: Mask, degrees: float, min_length: int, max_width: int) -> Mask:
    """Return the pixels of the lines at an angle. The angle may be wrong by about one degree."""
    image = Image.fromarray(ink.astype(np.uint8))
    turned = image.rotate(degrees, expand=True)
    near = dilate(np.asarray(turned).astype(bool), 1)
    long = _runs(_close(near), min_length)
    thick = dilate(_runs(near.T, max_width + 3).T, 1)
    line = Image.fromarray((long & near & ~thick).astype(np.uint8)).rotate(-degrees, expand=True)
    left, top = ((a - b) // 2 for a, b in zip(line.size, image.size, strict=True))
    box = (left, top, left + image.width, top + image.height)
    return dilate(np.asarray(line.crop(box)).astype(bool), 1) & ink


def _close(ink: Mask) -> Mask:
    """Close short horizontal gaps."""
    padded = np.pad(ink, ((0, 0), (MAX_GAP, MAX_GAP)))
    return ~_runs(~padded, MAX_GAP + 1)[:, MAX_GAP:-MAX_GAP]


def _runs(ink: Mask, length: int) -> Mask:
    """Return the pixels of horizontal runs that are at least `length` pixels long."""
    sums = np.pad(ink.cumsum(axis=1, dtype=np.int16), ((0, 0), (1, 0)))
    starts = sums[:, length:] - sums[:, :-length] == length
    ends = np.pad(starts, ((0, 0), (length, length))).cumsum(axis=1, dtype=np.int16)
    return np.asarray(ends[:, length:] - ends[:, :-length] > 0)[:, : ink.shape[1]]


def surrounds(mask: Mask, centre: npt.NDArray[np.float64]) -> float:
    """Return the share of the directions from the centre (y, x) in which there is the mask."""
    rows, columns = np.nonzero(mask)
    angles = np.arctan2(rows - centre[0], columns - centre[1])
    sectors = ((angles + np.pi) * (SECTOR_COUNT / (2 * np.pi))).astype(int) % SECTOR_COUNT
    return len(np.unique(sectors)) / SECTOR_COUNT
