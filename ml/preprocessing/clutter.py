"""Tell handwriting from clutter by its shape, its size and its place."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from ml.arrays import Mask
from ml.preprocessing.connected_components import (
    Components,
    coarsen,
    dilate,
    fill_rectangles,
    label_components,
    open_mask,
)
from ml.preprocessing.lines import MAX_WIDTH, MIN_LENGTH, Line, find_lines, surrounds
from ml.preprocessing.underlines import find_underline

BORDER: Final = 3  # pixels; anything so near to the edge of the picture touches it
CELL_SIDE: Final = 128  # cells along the longer side; ink in neighbouring cells is one group
MIN_SHARE: Final = 0.1  # of the largest group's ink; smaller ones are specks
MIN_LINE_SHARE: Final = 0.35  # the same for what is left of a printed line's component
MAX_STROKE_WIDTH: Final = 0.33  # of a digit's size; a coin is broader
MIN_OBJECT_WIDTH: Final = 1.5  # times the width of the digit's strokes; coins and pens are broader
MAX_DOT_SIZE: Final = 0.5  # of the largest digit's size; a larger solid mark may be a closed 0
MIN_BAR_FILL: Final = 0.75  # of its rectangle, as a pen does; a bent stroke fills less
MAX_PIECE_WIDTH: Final = 0.45  # of the digit's strokes; a piece of a printed line is thinner
# Shares of the picture's longer side.
MIN_SIZE: Final = 0.018  # a smaller mark is not a digit
MIN_DIGIT_SIZE: Final = 0.05  # a smaller mark may be a piece of a digit that consists of lines
LEVEL: Final = 30  # degrees; lines that are less steep are horizontal
LONG: Final = 1.25  # times the size of the rest: a horizontal line that is as long is printed
BEYOND: Final = 0.08  # of its length; a printed line goes beyond the digit on both sides
VERY_LONG: Final = 2.5  # the same for a line at any angle that is apart from the rest
MIN_SURROUNDED: Final = 0.8  # of the directions from a digit in which its frame is seen
MIN_BOXED: Final = 0.4  # of a box's side; anything smaller is a piece of what the lines belong to
MIN_FRAMED: Final = 0.2  # of the frame's height; anything smaller is not a digit in a frame
MAX_FRAMED: Final = 4  # components within a frame that are checked
MAX_FRAMES: Final = 100  # the largest components; only these can be frames
BAR_ASPECT: Final = 5  # minimum ratio of length to height of an underline
MIN_MARK_SHARE: Final = 0.25  # of the largest mark; a smaller one may be a speck
COARSE_CELL: Final = 4  # pixels, the side of the cells in which the marks are told apart quickly
BAR_LENGTH: Final = 0.75  # of the digit's height; an underline is at least so long


@dataclass(frozen=True)
class _Box:
    top: int
    bottom: int
    left: int
    right: int

    @property
    def height(self) -> int:
        return self.bottom - self.top

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def size(self) -> int:
        return max(self.height, self.width)

    @property
    def centre(self) -> npt.NDArray[np.float64]:
        return np.array([(self.top + self.bottom) / 2, (self.left + self.right) / 2])


def has_no_clutter(marks: Mask) -> bool:
    """Return quickly whether there is clearly no clutter: only large marks with a thick pen.

    Most drawings on a screen are like this. If False is returned, there may be clutter.
    """
    if not marks.any():
        return False
    side = max(marks.shape)
    thickness = max(2, round(MAX_WIDTH * side)) + 1
    thin = marks & ~open_mask(marks, thickness)
    if thin.sum() >= MIN_LENGTH * side or _touches_border(_box_of(marks), marks.shape):
        return False
    components = label_components(coarsen(marks, COARSE_CELL) > 0)
    boxes = _boxes(components)
    sizes = np.bincount(components.ravel())[1:]
    if (sizes < MIN_MARK_SHARE * sizes.max()).any():
        return False
    return not any(
        (len(boxes) > 1 and box.width >= BAR_ASPECT * box.height)
        or any(other is not box and _contains(box, other.centre) for other in boxes)
        for box in boxes
    )


def remove_clutter(ink: Mask) -> tuple[Mask, Mask]:
    """Return the handwriting in the ink, and the clutter."""
    lines = _printed_lines(ink)
    rest = ink & ~lines
    components = label_components(rest)
    boxes = _boxes(components)
    if boxes and _remove_underline(rest, components, boxes):
        components = label_components(rest)
        boxes = _boxes(components)
    clutter = np.zeros(len(boxes) + 1, bool)
    for number, box in enumerate(boxes, 1):
        clutter[number] = _touches_border(box, ink.shape)
    if clutter[1:].all():
        return np.zeros_like(ink), ink
    _mark_frames(components, boxes, clutter)
    _mark_bars(boxes, clutter)
    is_dot = _mark_other_widths(components, boxes, clutter)
    kept = _large_groups(rest & ~clutter[components], lines, is_dot[components])
    return kept, ink & ~kept


def _remove_underline(ink: Mask, components: Components, boxes: list[_Box]) -> bool:
    """Remove the line under the widest component, and return whether there is one."""
    number, box = max(enumerate(boxes, 1), key=lambda item: item[1].width)
    area = slice(box.top, box.bottom), slice(box.left, box.right)
    line = find_underline(components[area] == number)
    if line is not None:
        ink[area] &= ~line
    return line is not None


def _printed_lines(ink: Mask) -> Mask:
    """Return the pixels of the lines that are not part of the handwriting."""
    lines = find_lines(ink)
    printed = np.zeros_like(ink)
    if not lines:
        return printed
    every = _drawn(lines, ink)
    others = []
    for line in lines:
        if _touches_border(_line_box(line), ink.shape):
            line.draw_on(printed)
        else:
            others.append(line)
    rest = _main_box(ink & ~every)
    if rest is None:
        return printed
    together = _drawn(others, ink)
    is_frame = len(others) >= 3 and rest.size >= MIN_BOXED * max(line.length for line in others)
    if is_frame and surrounds(together | printed, rest.centre) >= MIN_SURROUNDED:
        return printed | together
    for line in others:
        _add_if_long(line, rest, printed)
    return printed


def _add_if_long(line: Line, rest: _Box, printed: Mask) -> None:
    """Add the line if it is much longer than a stroke of the digit `rest` would be."""
    box = _line_box(line)
    beyond = BEYOND * line.length
    is_rule = (
        abs(line.degrees) < LEVEL
        and box.left < rest.left - beyond
        and box.right > rest.right + beyond
    )
    if line.length >= (LONG if is_rule else VERY_LONG) * rest.size:
        line.draw_on(printed)


def _drawn(lines: list[Line], ink: Mask) -> Mask:
    mask = np.zeros_like(ink)
    for line in lines:
        line.draw_on(mask)
    return mask


def _line_box(line: Line) -> _Box:
    return _Box(line.top, line.bottom, line.left, line.right)


def _main_box(ink: Mask) -> _Box | None:
    """Return the box of the largest component that does not touch the border."""
    components = label_components(dilate(ink, 1))
    boxes = [box for box in _boxes(components) if not _touches_border(box, ink.shape)]
    best = max(boxes, key=lambda box: box.size, default=None)
    return best if best is not None and best.size >= MIN_DIGIT_SIZE * max(ink.shape) else None


def _mark_frames(components: Components, boxes: list[_Box], clutter: Mask) -> None:
    """Mark the components that surround another one, such as boxes and circles.

    Only the largest components are checked, each with the largest ones within its box, to limit the
    time.
    """
    centres = np.array([box.centre for box in boxes])
    heights = np.array([box.height for box in boxes])
    sizes = np.array([box.size for box in boxes])
    for outer in np.argsort(-sizes, kind="stable")[:MAX_FRAMES] + 1:
        frame = boxes[outer - 1]
        if clutter[outer] or frame.size == 1:
            continue
        corner, opposite = (frame.top, frame.left), (frame.bottom, frame.right)
        inside = ((centres > corner) & (centres < opposite)).all(axis=1) & ~clutter[1:]
        inside &= (heights >= MIN_FRAMED * frame.height) & (sizes < frame.size)
        inner = np.flatnonzero(inside)
        largest = inner[np.argsort(-sizes[inner], kind="stable")][:MAX_FRAMED]
        mask = components[frame.top : frame.bottom, frame.left : frame.right] == outer
        clutter[outer] = any(
            surrounds(mask, centres[number] - corner) >= MIN_SURROUNDED for number in largest
        )


def _mark_bars(boxes: list[_Box], clutter: Mask) -> None:
    """Mark the underlines."""
    height = max(
        (box.height for number, box in enumerate(boxes, 1) if not clutter[number]), default=0
    )
    for number, box in enumerate(boxes, 1):
        is_bar = box.width >= BAR_ASPECT * box.height and box.width >= BAR_LENGTH * height
        clutter[number] |= is_bar and height > 2 * box.height


def _mark_other_widths(components: Components, boxes: list[_Box], clutter: Mask) -> Mask:
    """Mark solid objects, pens, and what is thinner than the digits, such as pieces of lines.

    Return which components are small and solid, such as the holes in a sheet.
    """
    ink = components > 0
    edges = ink & dilate(~ink, 1)
    areas, lengths = (
        np.bincount(components[mask], minlength=len(clutter)) for mask in (ink, edges)
    )
    widths = 2 * areas / lengths.clip(1)
    sizes = np.array([0, *(box.size for box in boxes)])
    is_large = sizes >= MIN_DIGIT_SIZE * max(ink.shape)
    is_solid = widths > MAX_STROKE_WIDTH * sizes
    is_stroke = is_large & ~is_solid & ~clutter
    is_bar = fill_rectangles(components, areas, MIN_BAR_FILL)
    is_bent = is_stroke & ~is_bar
    widest, largest = (values.max(initial=0, where=is_bent) for values in (widths, sizes))
    # The bar may also be a 1 in a frame, or next to pieces of lines.
    is_longest = (sizes > largest) & (MIN_BOXED * sizes < largest)
    clutter |= is_bar & is_longest & (widths > MIN_OBJECT_WIDTH * widest)
    widest = widths.max(initial=0, where=is_stroke & ~clutter)
    if widest:
        clutter |= is_solid & (widths > MIN_OBJECT_WIDTH * widest)
        clutter |= widths < MAX_PIECE_WIDTH * widest
    return is_solid & (sizes < MAX_DOT_SIZE * sizes.max(initial=0, where=is_stroke & ~clutter))


def _contains(box: _Box, point: npt.NDArray[np.float64]) -> bool:
    y, x = point
    return bool(box.top < y < box.bottom and box.left < x < box.right)


def _large_groups(ink: Mask, lines: Mask, dots: Mask) -> Mask:
    """Return the ink of the large groups that do not consist of dots only.

    Ink in neighbouring cells is one group.
    """
    height, width = ink.shape
    cell = max(1, -(-max(ink.shape) // CELL_SIDE))
    cells = coarsen(ink, cell)
    groups = label_components(cells > 0)
    sizes = np.bincount(groups.ravel(), cells.ravel())
    sizes[0] = 0
    boxes = _boxes(groups)
    touched = np.unique(groups[coarsen(dilate(lines, 1) & ink, cell) > 0])
    needed = np.full(len(sizes), MIN_SHARE)
    needed[touched] = MIN_LINE_SHARE
    large = sizes >= needed * sizes.max()
    for number, box in enumerate(boxes, 1):
        large[number] &= box.size * cell >= MIN_SIZE * max(ink.shape)
    large &= np.bincount(groups[coarsen(ink & ~dots, cell) > 0], minlength=len(sizes)) > 0
    large[0] = False
    kept = large[groups] & (cells > 0)
    return np.asarray(kept.repeat(cell, 0).repeat(cell, 1)[:height, :width] & ink)


def _boxes(components: Components) -> list[_Box]:
    """Return the bounding box of each component, from number 1 on."""
    rows, columns = np.nonzero(components)
    numbers = components[rows, columns]
    count = int(components.max(initial=0))
    low = np.full((2, count + 1), max(components.shape))
    high = np.zeros((2, count + 1), int)
    for axis, values in enumerate((rows, columns)):
        np.minimum.at(low[axis], numbers, values)
        np.maximum.at(high[axis], numbers, values + 1)
    return [
        _Box(*(int(v) for v in (low[0, n], high[0, n], low[1, n], high[1, n])))
        for n in range(1, count + 1)
    ]


def _box_of(mask: Mask) -> _Box:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return _Box(int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1)


def _touches_border(box: _Box, shape: tuple[int, ...]) -> bool:
    return (
        min(box.top, box.left) < BORDER
        or box.bottom > shape[0] - BORDER
        or box.right > shape[1] - BORDER
    )
