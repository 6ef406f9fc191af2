"""Split an image of a multi-digit number into its digits.

The method is heuristic over-segmentation (Y. LeCun et al., "Gradient-Based Learning Applied to
Document Recognition", 1998, section VII). The ink is split into parts wherever a new digit may
start: between unconnected components, and where digits touch (`ml.preprocessing.touching_digits`
and `ml.preprocessing.thin_cuts`). Then the recognizer's probabilities and the gaps decide which
neighbouring parts are joined to a digit.
"""

import math
from dataclasses import dataclass, replace
from itertools import chain
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from ml.arrays import GreyImage, InkImage, Mask
from ml.preprocessing.connected_components import Components, coarsen, label_components
from ml.preprocessing.normalize import INK_LEVEL, extract_ink
from ml.preprocessing.segmented_digit import (
    SegmentedDigit,
    columns,
    predict_part,
    predict_whole,
    rows,
)
from ml.preprocessing.thin_cuts import cut_where_thin
from ml.preprocessing.touching_digits import split_touching
from ml.runtime import NOT_A_DIGIT, Predictor

COARSE_SIDE: Final = 72  # cells along the longer side of the ink, in which components are found
MAX_COMPONENTS: Final = 40  # an image with more components is not split
MAX_PARTS: Final = 30  # an image with more parts is not split
MAX_PARTS_PER_DIGIT: Final = 6
MAX_CUT_GROUPS: Final = 10  # limits the time; in more groups, touching digits are not cut
MAX_FURTHER_CUTS: Final = 6  # attempts to cut the parts of a group again, for the same reason
OVERLAP_SHARE: Final = 0.4  # of the narrower width; components that overlap more are one digit
SMALL_HEIGHT: Final = 0.3  # of the tallest component; less tall ones are a bar or a speck

# A number may have one unknown digit ("not a digit") for each group of this many digits. An unknown
# digit in a shorter number suggests that the image shows a letter or a word.
DIGITS_PER_UNKNOWN: Final = 4

# Shares of the total height of the ink. A group is a set of components that lie above each other.
NEAR_GAP: Final = 0.05  # groups with a smaller gap may be one digit
WIDE_ASPECT: Final = 1.9  # wider groups may be more than two touching digits

# Costs, in negative log probability, of starting a new digit. They depend on how it is separated:
APART_PENALTY: Final = -0.5  # it stands apart, so it is a new digit by default
NEAR_PENALTY: Final = 1.0  # it is so near that it may be a stroke of the previous digit
TOUCHING_PENALTY: Final = -0.5  # it touches the previous digit, but both are easy to tell apart
CUT_PENALTY: Final = 2.0  # it must be cut from the previous digit at a thin place

Groups = npt.NDArray[np.int32]  # (height, width), 0 is paper, 1, 2, ... are groups, left to right


@dataclass(frozen=True)
class _Part:
    """Ink that belongs to one digit, and the penalty for starting a new digit with it."""

    mask: Mask
    penalty: float


def segment_and_predict(
    grey: GreyImage, recognizer: Predictor, *, cut_touching: bool = True
) -> list[SegmentedDigit]:
    """Split an image into digits, from left to right, and predict each.

    Without `cut_touching`, touching digits stay one. Each attempt to cut takes up to 300
    predictions.

    One of `DIGITS_PER_UNKNOWN` digits may be "not a digit". If the image is not clearly a
    multi-digit number, the list has one item: the whole image with its prediction. Takes the same
    images as `normalize` and raises the same exceptions.
    """
    ink = extract_ink(grey)
    whole = predict_whole(grey, ink, recognizer)
    parts = _find_parts(ink, recognizer if cut_touching else None)
    can_be_split = 1 < len(parts) <= MAX_PARTS
    digits = _best_split(ink, parts, recognizer) if can_be_split else []
    unknown = sum(digit.prediction.label == NOT_A_DIGIT for digit in digits)
    if len(digits) > 1 and unknown <= len(digits) // DIGITS_PER_UNKNOWN:
        return digits
    return [whole]


def _find_parts(ink: InkImage, recognizer: Predictor | None) -> list[_Part]:
    """Return the parts, from left to right. Without a recognizer, touching digits stay one."""
    groups = _find_groups(ink)
    if groups.max() > MAX_CUT_GROUPS:
        recognizer = None
    top, bottom = rows(groups > 0)
    cutter = _Cutter(ink, bottom - top, recognizer)
    parts: list[_Part] = []
    previous_right = 0
    for group in range(1, groups.max() + 1):
        mask = groups == group
        left, right = columns(mask)
        is_near = left - previous_right < NEAR_GAP * cutter.height
        penalty = (NEAR_PENALTY if is_near else APART_PENALTY) if parts else 0.0
        for part in cutter.cut(mask, is_in_number=groups.max() > 1):
            parts.append(replace(part, penalty=part.penalty + penalty))
            penalty = 0.0
        previous_right = right
    return parts


@dataclass
class _Cutter:
    """Cuts groups of components that are probably more than one digit.

    `height` is that of all ink, in pixels. `cuts_left` counts down the attempts to cut parts again.
    Without a recognizer, nothing is cut.
    """

    ink: InkImage
    height: int
    recognizer: Predictor | None
    cuts_left: int = MAX_FURTHER_CUTS

    def cut(self, mask: Mask, *, is_in_number: bool) -> list[_Part]:
        """Return the parts of a group, from left to right."""
        if self.recognizer is None:
            return [_Part(mask, 0.0)]
        left, right = columns(mask)
        first, *more = self._split(mask, self.recognizer, is_in_number)
        penalty = TOUCHING_PENALTY
        if not more and right - left > WIDE_ASPECT * self.height:
            thin = cut_where_thin(mask, self.height)
            first, *more = [
                half for part in thin for half in self._cut_again(part, self.recognizer)
            ]
            penalty = CUT_PENALTY
        return [_Part(first, 0.0), *(_Part(part, penalty) for part in more)]

    def _split(self, mask: Mask, recognizer: Predictor, is_in_number: bool) -> list[Mask]:
        """Split a group into two, and each half again, as long as both sides are digits."""
        halves = split_touching(self.ink, mask, recognizer, is_in_number=is_in_number)
        if len(halves) == 1:
            return halves
        return [part for half in halves for part in self._cut_again(half, recognizer)]

    def _cut_again(self, part: Mask, recognizer: Predictor) -> list[Mask]:
        """Split a part of a group, unless there were too many attempts."""
        if self.cuts_left == 0:
            return [part]
        self.cuts_left -= 1
        return self._split(part, recognizer, is_in_number=True)


def _find_groups(ink: InkImage) -> Groups:
    """Group components that lie above each other. Number the groups from left to right.

    If there are more than `MAX_COMPONENTS` components, all ink is one group.
    """
    extents = [high - low for low, high in (rows(ink > 0), columns(ink > 0))]
    cell = max(1, math.ceil(max(extents) / COARSE_SIDE))
    components = label_components(coarsen(ink >= INK_LEVEL, cell) > 0)
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


def _group_components(components: Components) -> list[list[int]]:
    """Group components that lie above each other. Return their indices, counted from 0."""
    masks = [components == number for number in range(1, components.max() + 1)]
    spans = [columns(mask) for mask in masks]
    heights = [bottom - top for top, bottom in map(rows, masks)]
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


def _best_split(ink: InkImage, parts: list[_Part], recognizer: Predictor) -> list[SegmentedDigit]:
    """Join neighbouring parts to digits, and return the most likely sequence (Viterbi)."""
    count = len(parts)
    costs = [0.0] + [math.inf] * count  # costs[n] is the lowest cost of the first n parts
    splits: list[list[SegmentedDigit]] = [[] for _ in costs]
    for start in range(count):
        mask = np.zeros_like(parts[start].mask)
        for end in range(start + 1, min(start + MAX_PARTS_PER_DIGIT, count) + 1):
            if costs[start] == math.inf:
                break
            mask = mask | parts[end - 1].mask
            digit, cost = predict_part(ink, mask, recognizer)
            cost += costs[start] + parts[start].penalty
            if digit and cost < costs[end]:
                costs[end] = cost
                splits[end] = [*splits[start], digit]
    return splits[count]
