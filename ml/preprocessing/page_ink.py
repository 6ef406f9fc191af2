"""Extract the ink of a page with several rows.

The table around the sheet, printed lines, and a thumb at the border are left out, and the rows are
straightened.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from ml.arrays import Box, Field, GreyImage, InkImage, Mask
from ml.preprocessing.border_objects import find_object_edges
from ml.preprocessing.connected_components import (
    coarsen,
    component_boxes,
    dilate,
    label_components,
    typical_height,
)
from ml.preprocessing.decode import BadImageError
from ml.preprocessing.light import (
    CONTRAST_QUANTILE,
    EDGE_CONTRAST,
    FULL_CONTRAST,
    INK_CONTRAST,
    flatten_light_by_median,
)
from ml.preprocessing.lines import long_runs
from ml.preprocessing.sheet import TransformedPicture, cover_table, find_sheet

BLUR: Final = 0.7  # pixels; suppresses the noise of the camera's sensor
MIN_CONTRAST: Final = 20.0  # of 255, from paper to the strongest ink
NOISE_FACTOR: Final = 6.0  # marks have this many times the contrast of the paper's noise
MIN_MARKS: Final = 0.0001  # of the page; fewer pixels that stand out are specks

TILT_SIDE: Final = 320  # pixels, the longer side of the image that shows the tilt
MAX_TILT: Final = 8.0  # degrees
TILT_STEPS: Final = (1.0, 0.25, 0.05)  # degrees
LINE_LENGTH: Final = 0.1  # of the page's width or height; printed lines are at least this long
LINE_DENSITY: Final = 0.8  # of the pixels of a printed line are ink
PRINTED_LENGTH: Final = 0.45  # of the page's longer side; longer lines cannot be handwriting
# A line is handwriting if it belongs to a mark like this one:
MAX_STROKE: Final = 1.6  # the line is at most this many times as long as the digits are high
MIN_OTHER_INK: Final = 0.25  # share of the mark's ink that is no line
MIN_ASPECT: Final = 0.3  # width to height of the mark
LINE_WIDTH: Final = 0.008  # of the page's longer side; printed lines are at most this thick


@dataclass(frozen=True)
class PageInk:
    """The ink of a page, 0 is paper and 255 is full ink, with horizontal rows.

    The page was turned by `tilt` degrees counterclockwise to make the rows horizontal. `sheet` is
    the sheet before the turn, if it was found on a table.
    """

    amount: InkImage
    tilt: float
    sheet: TransformedPicture | None

    def to_original(self, box: tuple[float, ...]) -> Box:
        """Return where a box was in the picture.

        Takes left, top, right and bottom in pixels. Returns the left, top, width and height of the
        smallest box around it, as shares of the picture.
        """
        size = np.array(self.amount.shape[::-1])
        left, top, right, bottom = box
        corners = np.array([(left, top), (right, top), (left, bottom), (right, bottom)])
        cos, sin = math.cos(math.radians(self.tilt)), math.sin(math.radians(self.tilt))
        turned = (corners - size / 2) @ np.array([[cos, sin], [-sin, cos]]) / size + 0.5
        (left, top), (right, bottom) = turned.min(axis=0).clip(0, 1), turned.max(axis=0).clip(0, 1)
        on_page = float(left), float(top), float(right - left), float(bottom - top)
        return self.sheet.to_original(on_page) if self.sheet else on_page


def extract_page_ink(grey: GreyImage) -> PageInk:
    """Return the ink of a page. Raises `BadImageError` if there is none."""
    sheet = find_sheet(grey)
    if sheet is not None:
        grey = sheet.grey
    elif (covered := cover_table(grey)) is not None:
        grey = covered
    blurred = Image.fromarray(grey).filter(ImageFilter.GaussianBlur(BLUR))
    difference = flatten_light_by_median(blurred)
    difference[find_object_edges(grey, difference)] = 0
    strongest = _strongest_contrast(difference)
    scaled = (difference / (FULL_CONTRAST * strongest)).clip(0, 1) * 255
    tilt = _find_tilt(difference >= INK_CONTRAST * strongest)
    page = Image.fromarray(np.rint(scaled).astype(np.uint8))
    amount = np.asarray(page.rotate(tilt, Image.Resampling.BILINEAR))
    unit = 255 / FULL_CONTRAST
    ink = amount >= INK_CONTRAST * unit
    # Parts of a line may be too faint to be ink.
    lines = _all_printed_lines(ink) | (ink & _all_printed_lines(amount >= EDGE_CONTRAST * unit))
    lines &= ~_handwritten_lines(ink, lines)
    kept = dilate(ink & ~lines, 2) & (amount >= EDGE_CONTRAST * unit)
    kept &= ~dilate(lines, 1) | dilate(ink & ~lines, 1)
    return PageInk(np.where(kept, amount, 0).astype(np.uint8), tilt, sheet)


def _strongest_contrast(difference: Field) -> float:
    """Return the contrast of the strongest ink. Raises `BadImageError` if there is none."""
    strongest = float(np.quantile(difference, CONTRAST_QUANTILE))
    # A single small digit covers so little of the page that this quantile is paper.
    noise = 1.48 * float(np.median(abs(difference)))
    marks = difference[difference >= max(MIN_CONTRAST, NOISE_FACTOR * noise)]
    if marks.size >= MIN_MARKS * difference.size:
        strongest = max(strongest, float(np.median(marks)))
    if strongest < MIN_CONTRAST:
        raise BadImageError("blank_image", "The image is blank.")
    return strongest


def _find_tilt(ink: Mask) -> float:
    """Return the angle at which the rows are most distinct, in degrees (W. Postl, 1986)."""
    cells = coarsen(ink, max(1, math.ceil(max(ink.shape) / TILT_SIDE)))
    y, x = np.nonzero(cells)
    values = cells[y, x].astype(np.float64)
    best = 0.0
    for step in TILT_STEPS:
        reach = MAX_TILT if step == TILT_STEPS[0] else 2 * step
        angles = best + np.arange(-reach, reach + step / 2, step)
        best = float(
            max(angles, key=lambda angle: (_row_contrast(x, y, values, angle), -abs(angle)))
        )
    return best


def _row_contrast(
    x: npt.NDArray[np.intp], y: npt.NDArray[np.intp], values: npt.NDArray[np.float64], angle: float
) -> float:
    """Return how unevenly the ink is distributed over the rows after a turn by the angle."""
    radians = math.radians(angle)
    rows = y * math.cos(radians) - x * math.sin(radians)
    profile = np.bincount(np.rint(rows - rows.min()).astype(np.intp), values)
    return float((profile**2).sum())


def _all_printed_lines(ink: Mask) -> Mask:
    """Return the pixels of long, thin lines, horizontal and vertical."""
    return np.asarray(_printed_lines(ink) | _printed_lines(ink.T).T)


def _printed_lines(ink: Mask) -> Mask:
    """Return the pixels of long, thin, horizontal lines."""
    width = ink.shape[1]
    length = max(3, round(LINE_LENGTH * width))
    dense = _windows(_close(ink), length, 0) >= LINE_DENSITY * length
    long = _windows(dense, length, length)[:, 1:] > 0
    thick = long_runs(ink.T, round(LINE_WIDTH * max(ink.shape)) + 1).T
    return np.asarray(ink & long[:, :width] & ~thick)


def _handwritten_lines(ink: Mask, lines: Mask) -> Mask:
    """Return the lines that belong to digits: the foot of a 1, the bar of a 7.

    They are part of a mark of other ink, and not much longer than the digits are high.
    """
    cell = max(1, round(LINE_WIDTH * max(ink.shape)))
    parts = label_components(coarsen(lines, cell) > 0)  # Crossings interrupt lines by less.
    left, top, right, bottom = cell * component_boxes(parts).T
    length = np.append(0, np.maximum(right - left, bottom - top))
    parts = parts.repeat(cell, 0).repeat(cell, 1)[: ink.shape[0], : ink.shape[1]]
    marks = label_components(ink & (length < PRINTED_LENGTH * max(ink.shape))[parts])
    boxes = component_boxes(marks)
    if not len(boxes):
        return np.zeros_like(ink)
    widths, heights = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    others = np.bincount(marks[~lines], minlength=len(boxes) + 1)
    share = others / np.bincount(marks.ravel(), minlength=len(boxes) + 1)
    # The pieces of a margin line between the rules are narrow.
    is_digit = (share >= MIN_OTHER_INK) & np.append(False, widths >= MIN_ASPECT * heights)
    is_short = length <= MAX_STROKE * typical_height(heights)
    return np.asarray(lines & is_short[parts] & is_digit[marks])


def _windows(mask: Mask, length: int, padding: int) -> Field:
    """Count the pixels in each window of `length` columns."""
    sums = np.pad(mask.astype(np.float32), ((0, 0), (padding + 1, padding))).cumsum(axis=1)
    return np.asarray(sums[:, length:] - sums[:, :-length])


def _close(ink: Mask) -> Mask:
    """Close vertical gaps, because a line that is slightly tilted moves to the next row."""
    closed = ink.copy()
    closed[1:] |= ink[:-1]
    closed[:-1] |= ink[1:]
    return closed
