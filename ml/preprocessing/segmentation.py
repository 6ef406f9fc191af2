"""Split an image of a multi-digit number into its digits.

The method is heuristic over-segmentation (Y. LeCun et al., "Gradient-Based Learning Applied to
Document Recognition", 1998, section VII). The ink is split into parts wherever a new digit may
start: between unconnected components, and at thin places of wide ones. Then the recognizer's
probabilities and the gaps decide which neighbouring parts are joined to a digit.
"""

import math
from dataclasses import dataclass
from itertools import chain
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from ml.arrays import GreyImage, Indices, InkImage, Mask, Pixels
from ml.preprocessing.connected_components import Components, label_components
from ml.preprocessing.decode import BadImageError
from ml.preprocessing.normalize import INK_LEVEL, extract_ink, normalize
from ml.runtime import DIGIT_COUNT, NOT_A_DIGIT, Prediction, Recognizer, to_prediction

COARSE_SIDE: Final = 72  # pixels, the longer side of the shrunk image in which components are found
MAX_COMPONENTS: Final = 40  # an image with more components is not split
MAX_PARTS: Final = 30  # an image with more parts is not split
OVERLAP_SHARE: Final = 0.4  # of the narrower width; components that overlap more are one digit
SMALL_HEIGHT: Final = 0.3  # of the tallest component; less tall ones are a bar or a speck

# Shares of the total height of the ink. A group is a set of components that lie above each other.
NEAR_GAP: Final = 0.05  # groups with a smaller gap may be one digit
WIDE_ASPECT: Final = 1.0  # wider groups may be touching digits
CUT_SPACING: Final = 0.1  # each interval of this width gets at most one cut
MAX_CUT_INK: Final = 0.25  # a cut may cross at most this much ink
MIN_PART_WIDTH: Final = 0.15  # a cut is at least this far from both sides of the ink

MAX_DIGIT_ASPECT: Final = 1.6  # maximum width to height of a digit in a multi-digit number
MIN_PART_SHARE: Final = 0.05  # of the ink that is cut; minimum ink of a part
MARGIN: Final = 0.4  # around a digit that is cut out; share of the digit's longer side
CUT_COST: Final = 0.1  # negative log probability; ink is not cut if it is a digit with a lower cost
SLANT_COST: Final = 0.1  # of moving a cut one column sideways; crossing a pixel of ink costs 1

# Costs, in negative log probability, of starting a new digit. They depend on how it is separated:
APART_PENALTY: Final = -0.5  # it stands apart, so it is a new digit by default
NEAR_PENALTY: Final = 1.0  # it is so near that it may be a stroke of the previous digit
CUT_PENALTY: Final = 2.0  # it must be cut from the previous digit
WIDTH_PENALTY: Final = 10.0  # additional cost of a digit that is twice as wide as high

Parts = npt.NDArray[np.int32]  # (height, width), 0 is paper, 1, 2, ... are parts, left to right
Stroke = list[list[float]]  # points [x, y, ...], x and y in pixels


@dataclass(frozen=True)
class SegmentedDigit:
    """One digit of an image.

    `grey` is the digit cut out of the image, and `pixels` is its model input. `box` is the left,
    top, width and height of the digit's ink, as shares of the whole image's width and height.
    `origin` is the position (x, y) of the top left corner of `grey` in the whole image, in pixels.
    `mask` marks the digit's pixels in the whole image. `strokes` are the strokes that drew the
    digit, in the whole image, if the image was split by its strokes.
    """

    grey: GreyImage
    pixels: Pixels
    prediction: Prediction
    box: tuple[float, float, float, float]
    origin: tuple[int, int]
    mask: Mask
    strokes: list[Stroke] | None = None

    def crop_strokes(self, strokes: list[Stroke]) -> list[Stroke]:
        """Return the parts of the strokes that drew this digit.

        Takes coordinates in the whole image, and returns coordinates in `grey`.
        """
        if self.strokes is not None:
            x0, y0 = self.origin
            return [[[x - x0, y - y0, *more] for x, y, *more in each] for each in self.strokes]
        cropped: list[Stroke] = []
        height, width = self.mask.shape
        for stroke in strokes:
            was_inside = False
            for x, y, *more in stroke:
                row, column = (min(max(int(y), 0), height - 1), min(max(int(x), 0), width - 1))
                is_inside = bool(self.mask[row, column])
                if is_inside:
                    cropped = cropped if was_inside else [*cropped, []]
                    cropped[-1].append([x - self.origin[0], y - self.origin[1], *more])
                was_inside = is_inside
        return cropped


def segment_and_predict(grey: GreyImage, recognizer: Recognizer) -> list[SegmentedDigit]:
    """Split an image into digits, from left to right, and predict each.

    If the image is not clearly a multi-digit number, the list has one item: the whole image with
    its prediction. Takes the same images as `normalize` and raises the same exceptions.
    """
    whole = predict_whole(grey, recognizer)
    ink = np.asarray(extract_ink(Image.fromarray(grey)))
    parts, penalties = _find_parts(ink, recognizer)
    can_be_split = 1 < parts.max() <= MAX_PARTS
    digits = _best_split(ink, parts, penalties, recognizer) if can_be_split else []
    if len(digits) > 1 and all(digit.prediction.label != NOT_A_DIGIT for digit in digits):
        return digits
    return [whole]


def predict_whole(grey: GreyImage, recognizer: Recognizer) -> SegmentedDigit:
    """Predict the whole image as one digit."""
    pixels = normalize(grey)
    ink = np.asarray(extract_ink(Image.fromarray(grey)))
    box, everywhere = _box(ink >= INK_LEVEL), np.ones_like(ink, bool)
    return SegmentedDigit(grey, pixels, recognizer.predict(pixels), box, (0, 0), everywhere)


def _find_parts(ink: InkImage, recognizer: Recognizer) -> tuple[Parts, list[float]]:
    """Return the parts, and the penalty for starting a new digit with each of them."""
    groups = _find_groups(ink)
    top, bottom = _rows(groups > 0)
    height = bottom - top
    parts = np.zeros(ink.shape, np.int32)
    penalties: list[float] = []
    previous_right = 0
    for group in range(1, groups.max() + 1):
        mask = groups == group
        left, right = _columns(mask)
        cuts = _count_cuts(ink, mask, height, recognizer)
        parts[mask] = len(penalties) + 1 + cuts[mask]
        is_near = left - previous_right < NEAR_GAP * height
        penalties.append(NEAR_PENALTY if is_near else APART_PENALTY)
        penalties += [CUT_PENALTY] * int(cuts[mask].max())
        previous_right = right
    return parts, [0.0, *penalties[1:]]


def _count_cuts(ink: InkImage, mask: Mask, height: int, recognizer: Recognizer) -> Parts:
    """Return how many cuts are to the left of each pixel.

    Ink that is narrow, or that is probably a single digit, is not cut.
    """
    left, right = _columns(mask)
    is_wide = right - left > WIDE_ASPECT * height
    if is_wide and predict_part(ink, mask, recognizer)[1] > CUT_COST:
        return _cut_where_thin(mask, height)
    return np.zeros(ink.shape, np.int32)


def _cut_where_thin(mask: Mask, height: int) -> Parts:
    """Cut the ink from top to bottom along paths that cross little ink.

    Returns how many cuts are to the left of each pixel.
    """
    paths, costs = _cheapest_paths(mask)
    left, right = _columns(mask)
    min_width, step = round(MIN_PART_WIDTH * height), max(1, round(CUT_SPACING * height))
    columns = np.arange(mask.shape[1])
    cuts = np.zeros(mask.shape, np.int32)
    for start in range(left + min_width, right - min_width, step):
        path = paths[start + int(costs[start : start + step].argmin())]
        if costs[path[-1]] > MAX_CUT_INK * height:
            continue
        last = mask & (cuts == cuts.max())  # the ink to the right of the previous cut
        is_right = columns >= path[:, None]
        if min((last & is_right).sum(), (last & ~is_right).sum()) > MIN_PART_SHARE * mask.sum():
            cuts += is_right
    return cuts


def _cheapest_paths(mask: Mask) -> tuple[Indices, npt.NDArray[np.float64]]:
    """Return the cheapest path from the top to each column at the bottom, and its cost.

    A path costs 1 for each pixel of ink and `SLANT_COST` for each step sideways. The algorithm is
    dynamic programming (Viterbi).
    """
    rows, columns = mask.shape
    total = np.zeros(columns)
    came_from = np.zeros((rows, columns), np.intp)
    for row in range(rows):
        padded = np.pad(total, 1, constant_values=np.inf)
        costs = np.stack([padded[1:-1], padded[:-2] + SLANT_COST, padded[2:] + SLANT_COST])
        came_from[row] = np.arange(columns) + np.array([0, -1, 1])[costs.argmin(axis=0)]
        total = costs.min(axis=0) + mask[row]
    paths = np.zeros((columns, rows), np.intp)  # for each path, one column index per row
    position = np.arange(columns)
    for row in reversed(range(rows)):
        paths[:, row] = position
        position = came_from[row][position]
    return paths, total


def _find_groups(ink: InkImage) -> Parts:
    """Group components that lie above each other. Number the groups from left to right.

    If there are more than `MAX_COMPONENTS` components, all ink is one group.
    """
    cell = max(1, math.ceil(max(ink.shape) / COARSE_SIDE))
    components = label_components(coarsen(ink >= INK_LEVEL, cell))
    if components.max() > MAX_COMPONENTS:
        return (ink > 0).astype(np.int32)
    number = np.zeros(components.max() + 1, np.int32)
    for i, group in enumerate(_group_components(components), 1):
        number[np.array(group) + 1] = i
    coarse = number[components].astype(np.uint8)
    # Add the soft edges of the strokes to their groups.
    wide = np.asarray(Image.fromarray(coarse).filter(ImageFilter.MaxFilter(3)))
    fine = np.where(coarse > 0, coarse, wide).repeat(cell, 0).repeat(cell, 1)
    return np.where(ink > 0, fine[: ink.shape[0], : ink.shape[1]], 0).astype(np.int32)


def coarsen(ink: Mask, cell: int) -> Mask:
    """Return which square cells, `cell` pixels wide, contain any ink."""
    height, width = ink.shape
    padded = np.pad(ink, ((0, -height % cell), (0, -width % cell)))
    return np.asarray(padded.reshape(len(padded) // cell, cell, -1, cell).any(axis=(1, 3)))


def _group_components(components: Components) -> list[list[int]]:
    """Group components that lie above each other. Return their indices, counted from 0."""
    masks = [components == number for number in range(1, components.max() + 1)]
    spans = [_columns(mask) for mask in masks]
    heights = [bottom - top for top, bottom in map(_rows, masks)]
    groups: list[list[int]] = []
    # Start with the tallest components, because small ones are added to an existing group.
    for i in np.argsort(heights)[::-1].tolist():
        is_small = heights[i] < SMALL_HEIGHT * max(heights)
        matching = _matching_groups(spans[i], is_small, groups, spans)
        groups = [group for group in groups if group not in matching]
        groups.append([i, *chain.from_iterable(matching)])
    return sorted(groups, key=lambda group: min(spans[i][0] for i in group))


def _matching_groups(
    span: tuple[int, int], is_small: bool, groups: list[list[int]], spans: list[tuple[int, int]]
) -> list[list[int]]:
    """Return the groups that a component belongs to. A small one belongs to the nearest group."""
    if not groups:
        return []
    overlaps = []
    for group in groups:
        left, right = min(spans[i][0] for i in group), max(spans[i][1] for i in group)
        shared = min(span[1], right) - max(span[0], left)
        overlaps.append(shared / min(span[1] - span[0], right - left))
    if is_small:
        return [groups[int(np.argmax(overlaps))]]
    return [group for group, share in zip(groups, overlaps, strict=True) if share > OVERLAP_SHARE]


def _best_split(
    ink: InkImage, parts: Parts, penalties: list[float], recognizer: Recognizer
) -> list[SegmentedDigit]:
    """Join neighbouring parts to digits, and return the most likely sequence (Viterbi)."""
    count = int(parts.max())
    costs = [0.0] + [math.inf] * count  # costs[n] is the lowest cost of the first n parts
    splits: list[list[SegmentedDigit]] = [[] for _ in costs]
    for start in range(count):
        for end in range(start + 1, count + 1):
            if costs[start] == math.inf:
                break
            digit, cost = predict_part(ink, (parts > start) & (parts <= end), recognizer)
            cost += costs[start] + penalties[start]
            if digit and cost < costs[end]:
                costs[end] = cost
                splits[end] = [*splits[start], digit]
    return splits[count]


def predict_part(
    ink: InkImage, mask: Mask, recognizer: Recognizer
) -> tuple[SegmentedDigit | None, float]:
    """Return the digit under the mask and its cost.

    The cost is the negative log probability of the most likely digit, plus a penalty if the ink is
    wide. If the ink is too narrow, too wide, or unusable, the result is None with an infinite cost.
    """
    solid = mask & (ink >= INK_LEVEL)
    if not solid.any():
        return None, math.inf
    width, height = _size(solid)
    if not MIN_PART_WIDTH * height / 2 <= width <= MAX_DIGIT_ASPECT * height:
        return None, math.inf
    grey, origin = _cut_out(ink, mask, solid)
    try:
        pixels = normalize(grey)
    except BadImageError:
        return None, math.inf
    probabilities = recognizer.predict_proba(pixels)
    digit = SegmentedDigit(grey, pixels, to_prediction(probabilities), _box(solid), origin, mask)
    excess_width = max(0.0, width / height - 1)
    probability = max(float(probabilities[:DIGIT_COUNT].max()), 1e-9)
    return digit, WIDTH_PENALTY * excess_width - math.log(probability)


def _cut_out(ink: InkImage, mask: Mask, solid: Mask) -> tuple[GreyImage, tuple[int, int]]:
    """Return the ink under the mask, black on white in a square with a margin.

    Also returns the position (x, y) of the square's top left corner in the whole image.
    """
    (left, right), (top, bottom) = _columns(solid), _rows(solid)
    side = round((1 + 2 * MARGIN) * max(right - left, bottom - top))
    x, y = (left + right - side) // 2, (top + bottom - side) // 2
    alone = Image.fromarray(np.where(mask, ink, 0).astype(np.uint8))
    return 255 - np.asarray(alone.crop((x, y, x + side, y + side))), (x, y)


def _box(ink: Mask) -> tuple[float, float, float, float]:
    """Return the ink's left, top, width and height, as shares of the image's width and height."""
    (left, right), (top, bottom) = _columns(ink), _rows(ink)
    height, width = ink.shape
    return left / width, top / height, (right - left) / width, (bottom - top) / height


def _size(ink: Mask) -> tuple[int, int]:
    """Return the width and the height of the ink in pixels."""
    (left, right), (top, bottom) = _columns(ink), _rows(ink)
    return right - left, bottom - top


def _columns(mask: Mask) -> tuple[int, int]:
    """Return the first column with ink, and the column after the last one with ink."""
    columns = np.flatnonzero(mask.any(axis=0))
    return int(columns[0]), int(columns[-1]) + 1


def _rows(mask: Mask) -> tuple[int, int]:
    """Return the first row with ink, and the row after the last one with ink."""
    rows = np.flatnonzero(mask.any(axis=1))
    return int(rows[0]), int(rows[-1]) + 1
