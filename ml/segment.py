"""Which digits stand side by side in one picture.

Ink that is not connected may be two digits, and so may ink that is wide; the network says which
way to join the parts reads best: heuristic over-segmentation (Y. LeCun et al., "Gradient-Based
Learning Applied to Document Recognition", 1998, section VII).
"""

import math
from dataclasses import dataclass
from itertools import chain
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from ml.blots import Mask, connected
from ml.decode import BadImageError, Grey
from ml.normalize import SOLID, Pixels, ink_of, normalize
from ml.runtime import DIGITS, NOT_A_DIGIT, Reading, Recognizer, to_reading

COARSE: Final = 72  # pixels of the longer side, to find what is connected
MOST_BLOTS: Final = 40  # what is in more pieces is no number
MOST_PARTS: Final = 30  # ... and so is what would be cut into more
SAME: Final = 0.4  # of the narrower one's width: ink that overlaps so much is one digit
SMALL: Final = 0.3  # of the height of all ink: what is lower is a bar or a speck, no digit
NEAR: Final = 0.05  # of the height: ink with less between may be one digit
UNSURE: Final = 0.1  # what is less unlikely to be a digit, as a negative logarithm, is not cut
WIDE: Final = 1.0  # of the height: what is wider may be two digits that touch
CUT_EVERY: Final = 0.1  # of the height
THIN: Final = 0.25  # of the height: where more ink would be cut, nothing is
SLIVER: Final = 0.05  # of the ink: no part has less
SLANT: Final = 0.1  # how much ink a cut rather crosses than to go aside by a pixel
NARROW: Final = 0.15  # of the height: no part is cut thinner
BROAD: Final = 1.6  # of the height: no digit of a number is broader
MARGIN: Final = 0.4  # of a digit's longer side, around it in a picture of its own

# How much likelier, as a logarithm, a reading with one digit more must be, where that digit ...
APART: Final = -0.5  # stands apart: without other reasons, it is another one
CLOSE: Final = 1.0  # is so near that it may be a stroke of the one before
CUT: Final = 2.0  # must be cut from the one before
TOO_WIDE: Final = 10.0  # how much a digit loses that is twice as wide as high

Parts = npt.NDArray[np.int32]  # of each pixel: 0, or the number of the part, from left to right


@dataclass(frozen=True)
class Digit:
    """One digit of a picture: `grey` shows it alone.

    `box` is left, top, width and height of its ink, as shares of the whole picture's width and
    height. `origin` is where the corner of `grey` lies in the whole picture, x and y in pixels;
    `mask` says which of the whole picture's pixels belong to it.
    """

    grey: Grey
    pixels: Pixels
    reading: Reading
    box: tuple[float, float, float, float]
    origin: tuple[int, int]
    mask: Mask

    def strokes(self, strokes: list[list[list[float]]]) -> list[list[list[float]]]:
        """The parts of strokes [x, y, ...], in the whole picture's pixels, that drew this digit.

        They come in the pixels of `grey`.
        """
        found: list[list[list[float]]] = []
        height, width = self.mask.shape
        for stroke in strokes:
            inside = False
            for x, y, *more in stroke:
                row, column = (min(max(int(y), 0), height - 1), min(max(int(x), 0), width - 1))
                if self.mask[row, column]:
                    found = found if inside else [*found, []]
                    found[-1].append([x - self.origin[0], y - self.origin[1], *more])
                inside = bool(self.mask[row, column])
        return found


def read_digits(grey: Grey, recognizer: Recognizer) -> list[Digit]:
    """The digits in a picture from left to right, each read by itself.

    One digit is read exactly as `recognizer` reads the whole picture, and so is whatever is not
    surely several. Takes what `normalize` takes, and raises the same.
    """
    pixels = normalize(grey)
    ink = np.asarray(ink_of(Image.fromarray(grey)))
    parts, prices = _parts(ink, recognizer)
    several = 1 < parts.max() <= MOST_PARTS
    digits = _best(ink, parts, prices, recognizer) if several else []
    if len(digits) > 1 and all(digit.reading.answer != NOT_A_DIGIT for digit in digits):
        return digits
    everywhere = np.ones_like(ink, bool)
    box = _box(everywhere & (ink >= SOLID))
    return [Digit(grey, pixels, recognizer.read(pixels), box, (0, 0), everywhere)]


def _parts(ink: Pixels, recognizer: Recognizer) -> tuple[Parts, list[float]]:
    """What digits consist of, and for each part the price of a new digit that begins there."""
    groups = _groups(ink)
    top, bottom = _extent(groups > 0, 1)
    height = bottom - top
    parts = np.zeros(ink.shape, np.int32)
    prices: list[float] = []
    end = 0
    for group in range(1, groups.max() + 1):
        mask = groups == group
        left, right = _extent(mask, 0)
        cut = np.zeros(ink.shape, np.int32)  # how many cuts lie left of each pixel
        if right - left > WIDE * height and _read_alone(ink, mask, recognizer)[1] > UNSURE:
            cut = _cut_where_thin(mask, height)
        parts[mask] = len(prices) + 1 + cut[mask]
        is_near = left - end < NEAR * height
        prices += [CLOSE if is_near else APART, *[CUT] * int(cut[mask].max())]
        end = right
    return parts, [0.0, *prices[1:]]


def _cut_where_thin(mask: Mask, height: int) -> Parts:
    """Cuts from top to bottom, straight or slanted, that cross little ink: how many are left.

    Each is the path through the least ink to its end at the bottom.
    """
    paths, crossed = _least_ink(mask)
    left, right = _extent(mask, 0)
    room, step = round(NARROW * height), max(1, round(CUT_EVERY * height))
    columns = np.arange(mask.shape[1])
    cuts = np.zeros(mask.shape, np.int32)
    for start in range(left + room, right - room, step):
        path = paths[start + int(crossed[start : start + step].argmin())]
        if crossed[path[-1]] > THIN * height:
            continue
        last = mask & (cuts == cuts.max())  # what is right of the cut before
        is_right = columns >= path[:, None]
        if min((last & is_right).sum(), (last & ~is_right).sum()) > SLIVER * mask.sum():
            cuts += is_right
    return cuts


def _least_ink(mask: Mask) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float64]]:
    """For each column at the bottom the path from the top, and the ink it crosses (Viterbi)."""
    rows, columns = mask.shape
    total = np.zeros(columns)
    came = np.zeros((rows, columns), np.intp)
    for row in range(rows):
        padded = np.pad(total, 1, constant_values=np.inf)
        ways = np.stack([padded[1:-1], padded[:-2] + SLANT, padded[2:] + SLANT])
        came[row] = np.arange(columns) + np.array([0, -1, 1])[ways.argmin(axis=0)]
        total = ways.min(axis=0) + mask[row]
    paths = np.zeros((columns, rows), np.intp)
    at = np.arange(columns)
    for row in reversed(range(rows)):
        paths[:, row] = at
        at = came[row][at]
    return paths, total


def _groups(ink: Pixels) -> Parts:
    """Connected ink and all that is above or below it, numbered from left to right."""
    cell = max(1, math.ceil(max(ink.shape) / COARSE))
    blots = connected(_coarse(ink >= SOLID, cell))
    if blots.max() > MOST_BLOTS:
        return (ink > 0).astype(np.int32)
    spans = [_extent(blots == blot, 0) for blot in range(1, blots.max() + 1)]
    heights = [np.ptp(_extent(blots == blot, 1)) for blot in range(1, blots.max() + 1)]
    groups: list[list[int]] = []
    # The tallest first: they are what the small ones can belong to.
    for blot in np.argsort(heights)[::-1].tolist():
        home = _home(spans[blot], heights[blot] < SMALL * max(heights), groups, spans)
        groups = [group for group in groups if group not in home]
        groups.append([blot, *chain.from_iterable(home)])
    groups.sort(key=lambda group: min(spans[blot][0] for blot in group))
    number = np.zeros(len(spans) + 1, np.int32)
    for i, group in enumerate(groups, 1):
        number[np.array(group) + 1] = i
    # The soft edge of a stroke belongs to it.
    coarse = number[blots].astype(np.uint8)
    wide = np.asarray(Image.fromarray(coarse).filter(ImageFilter.MaxFilter(3)))
    fine = np.where(coarse > 0, coarse, wide).repeat(cell, 0).repeat(cell, 1)
    return np.where(ink > 0, fine[: ink.shape[0], : ink.shape[1]], 0).astype(np.int32)


def _coarse(ink: Mask, cell: int) -> Mask:
    """Squares of `cell` pixels a side with any ink in them."""
    height, width = ink.shape
    padded = np.pad(ink, ((0, -height % cell), (0, -width % cell)))
    return np.asarray(padded.reshape(len(padded) // cell, cell, -1, cell).any(axis=(1, 3)))


def _home(
    span: tuple[int, int], is_small: bool, groups: list[list[int]], spans: list[tuple[int, int]]
) -> list[list[int]]:
    """The groups that a blot belongs to: those it lies above or below, a small one to the next."""
    if not groups:
        return []
    overlaps = []
    for group in groups:
        left, right = min(spans[b][0] for b in group), max(spans[b][1] for b in group)
        shared = min(span[1], right) - max(span[0], left)
        overlaps.append(shared / min(span[1] - span[0], right - left))
    if is_small:
        return [groups[int(np.argmax(overlaps))]]
    return [group for group, share in zip(groups, overlaps, strict=True) if share > SAME]


def _best(ink: Pixels, parts: Parts, prices: list[float], recognizer: Recognizer) -> list[Digit]:
    """The way to join neighbouring parts to digits that reads best (Viterbi)."""
    count = int(parts.max())
    costs = [0.0] + [math.inf] * count  # of the best reading of so many first parts
    readings: list[list[Digit]] = [[] for _ in costs]
    for start in range(count):
        for end in range(start + 1, count + 1):
            if costs[start] == math.inf:
                break
            digit, cost = _read_alone(ink, (parts > start) & (parts <= end), recognizer)
            cost += costs[start] + prices[start]
            if digit and cost < costs[end]:
                costs[end] = cost
                readings[end] = [*readings[start], digit]
    return readings[count]


def _read_alone(ink: Pixels, mask: Mask, recognizer: Recognizer) -> tuple[Digit | None, float]:
    """The digit under the mask, and how unlikely it is to be one, as a negative logarithm."""
    solid = mask & (ink >= SOLID)
    if not solid.any():
        return None, math.inf
    (left, right), (top, bottom) = _extent(solid, 0), _extent(solid, 1)
    width, height = right - left, bottom - top
    if width > BROAD * height or width < NARROW * height / 2:
        return None, math.inf
    size = round((1 + 2 * MARGIN) * max(width, height))
    x, y = (left + right - size) // 2, (top + bottom - size) // 2
    alone = Image.fromarray(np.where(mask, ink, 0).astype(np.uint8))
    grey = 255 - np.asarray(alone.crop((x, y, x + size, y + size)))
    try:
        pixels = normalize(grey)
    except BadImageError:
        return None, math.inf
    probabilities = recognizer.probabilities(pixels)
    digit = Digit(grey, pixels, to_reading(probabilities), _box(solid), (x, y), mask)
    too_wide = max(0.0, width / height - 1)
    return digit, TOO_WIDE * too_wide - math.log(max(float(probabilities[:DIGITS].max()), 1e-9))


def _box(ink: Mask) -> tuple[float, float, float, float]:
    (left, right), (top, bottom) = _extent(ink, 0), _extent(ink, 1)
    height, width = ink.shape
    return left / width, top / height, (right - left) / width, (bottom - top) / height


def _extent(mask: Mask, axis: int) -> tuple[int, int]:
    """First and last + 1 column (axis 0) or row (axis 1) with ink."""
    places = np.flatnonzero(mask.any(axis=axis))
    return int(places[0]), int(places[-1]) + 1
