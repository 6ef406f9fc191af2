"""Find a line under a digit or a number that touches it.

The digits interrupt the line, so its pieces are too short for `ml.preprocessing.lines`.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from ml.arrays import Mask
from ml.preprocessing.connected_components import label_components

MIN_ASPECT: Final = 1.2  # ratio of width to height, with the line; a digit alone is narrower
MAX_SLOPE: Final = 0.2  # of the line
STRAIGHT: Final = 0.015  # of the number's height, and a pixel; the farthest distance from the line
MIN_STRAIGHT: Final = 0.75  # of the columns where the lowest ink is on the line
THIN_QUANTILE: Final = 0.2  # of the columns; in more of them, there is only the line
MAX_THICKNESS: Final = 1.6  # of the thickness of the line; more is a digit on the line
MAX_LINE_HEIGHT: Final = 0.2  # of the height of the number
MIN_DIGIT_HEIGHT: Final = 0.5  # of the number's height
MAX_DIGITS: Final = 20  # components that are checked
# Of the number's height. The line goes beyond the digits on both sides. Some people write a line
# under a 1 or a 2, but a shorter one.
BEYOND: Final = 0.08
BEYOND_ONE: Final = 0.2  # the same for a single digit


def find_underline(component: Mask) -> Mask | None:
    """Return the part of a line where no digit touches it, or None if there is no such line.

    `component` is a connected component, cropped to its box.
    """
    height, width = component.shape
    if width < MIN_ASPECT * height:
        return None
    upward = component[::-1]
    lowest = upward.argmax(axis=0)
    is_straight = _is_straight(lowest, 1 + STRAIGHT * height)
    if is_straight.mean() < MIN_STRAIGHT:
        return None
    rows = np.arange(height)[:, None]
    # The lowest run of ink in each column ends with the first paper above its start.
    ends = (~upward & (rows > lowest)).argmax(axis=0)
    thickness = np.where(ends > 0, ends, height) - lowest
    line_thickness = np.quantile(thickness[is_straight], THIN_QUANTILE)
    if line_thickness > MAX_LINE_HEIGHT * height:
        return None
    is_thin = is_straight & (thickness <= MAX_THICKNESS * line_thickness + 1)
    line = (is_thin & (rows >= lowest) & (rows < lowest + thickness))[::-1]
    return line if _is_under_digits(component & ~line) else None


def _is_straight(lowest: npt.NDArray[np.intp], tolerance: float) -> npt.NDArray[np.bool_]:
    """Return which columns are on the straight line through most of them (H. Theil, 1950)."""
    x, half = np.arange(len(lowest)), len(lowest) // 2
    slope = float(np.median(lowest[half:] - lowest[: len(lowest) - half]) / half)
    level = lowest - slope * x
    if abs(slope) > MAX_SLOPE:
        return np.zeros(len(lowest), bool)
    return np.asarray(abs(level - np.median(level)) <= tolerance)


def _is_under_digits(rest: Mask) -> bool:
    """Return whether what is left without the line is a digit or more within its length."""
    components = label_components(rest)
    sizes = np.bincount(components.ravel())[1:]
    largest = np.argsort(-sizes, kind="stable")[:MAX_DIGITS] + 1
    masks = (components == number for number in largest)
    tall = [mask for mask in masks if mask.any(axis=1).sum() >= MIN_DIGIT_HEIGHT * len(rest)]
    if not tall:
        return False
    columns = np.flatnonzero(np.any(tall, axis=(0, 1)))
    beyond = (BEYOND if len(tall) > 1 else BEYOND_ONE) * len(rest)
    return bool(columns[0] >= beyond and columns[-1] < rest.shape[1] - beyond)
