"""Split a drawing of a multi-digit number into its digits with the help of the pen strokes.

People write the digits one after the other. So the strokes are partitioned in the order in which
they were drawn, and the recognizer's probabilities and the positions decide where a new digit
starts. Unlike the parts in `ml.preprocessing.segmentation`, the digits may overlap.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from ml.arrays import GreyImage, InkImage, Mask
from ml.preprocessing.normalize import INK_LEVEL, extract_ink, normalize_ink
from ml.preprocessing.segmentation import segment_and_predict
from ml.preprocessing.segmented_digit import (
    SegmentedDigit,
    Stroke,
    predict_part,
    predict_whole,
    scale_strokes,
)
from ml.runtime import NOT_A_DIGIT, Predictor

MAX_STROKES: Final = 16  # a drawing with more strokes is split without them
MAX_STROKES_PER_DIGIT: Final = 4
MAX_GROUPS: Final = MAX_STROKES * MAX_STROKES_PER_DIGIT  # that are predicted
MIN_COVERED: Final = 0.98  # of the ink; strokes that cover less do not belong to the image
PEN_WIDTHS: Final = (6, 10, 14, 18, 22, 26, 32, 40)  # pixels, for strokes without widths
MAX_PEN_WIDTH: Final = 60.0
PEN_MARGIN: Final = 2.0  # pixels; smooth edges are wider than the pen

# The cost of starting a new digit, in negative log probability. A logistic regression on numbers,
# digits and letters chose the values. Lengths are shares of the height of both digits.
MIN_HEIGHT: Final = 0.4  # of the drawing's height; lower groups of strokes are no digit
START_COST: Final = 5.3
HEIGHT_BONUS: Final = 5.8  # for the height of the lower digit, up to FULL_HEIGHT
FULL_HEIGHT: Final = 0.8
DISTANCE_BONUS: Final = 1.9  # for the distance of the digits' centres, up to FULL_DISTANCE
FULL_DISTANCE: Final = 0.6
MIN_DISTANCE: Final = 0.05
WIDTH_BONUS: Final = 2.2  # for the width of the narrower digit, up to FULL_WIDTH
FULL_WIDTH: Final = 0.4
GAP_BONUS: Final = 3.0  # for digits that stand apart
MIN_GAP: Final = 0.1
BAR_COST: Final = 0.6  # a bar that overlaps its neighbour is often the stem of a letter
MORE_DIGITS_COST: Final = 1.5  # of each further digit, in the comparison with fewer digits
BAR_OVERLAP: Final = 0.3  # of the narrower digit's width
WHOLE_WEIGHT: Final = 2.0  # of the cost of the whole drawing as one digit

MIN_INSIDE: Final = 0.85  # of a stroke's points; otherwise, the stroke belongs to several digits
MIN_JOINED_ASPECT: Final = 1.3  # minimum width to height of digits that are one stroke

Points = npt.NDArray[np.float64]  # (n, 2)


@dataclass(frozen=True)
class Piece:
    """A stroke, its points without the times, and the pixels that the pen may have reached."""

    stroke: Stroke
    points: Points
    mask: Mask


@dataclass(frozen=True)
class Group:
    """Strokes that may be a digit. `low` and `high` are the corners of their box.

    `digits` ends with this digit, and `cost` is the sum of their costs.
    """

    digit: SegmentedDigit
    low: Points
    high: Points
    cost: float
    digits: list[SegmentedDigit]


def segment_strokes(
    grey: GreyImage, strokes: Sequence[Stroke], recognizer: Predictor
) -> list[SegmentedDigit]:
    """Split a drawing into digits, from left to right, and predict each.

    The strokes are lists of points [x, y, ...] or [x, y, time, width], in pixels of `grey`. If they
    do not belong to the image, or if there are too many, they are ignored. Raises the same
    exceptions as `segment_and_predict`.
    """
    ink = extract_ink(grey)
    scale = max(ink.shape) / max(grey.shape)
    pieces = _find_pieces(ink, scale_strokes(strokes, scale))
    partition = _best_partition(ink, pieces, recognizer)
    if partition and _is_likely(partition, ink, recognizer):
        return partition.digits
    digits = segment_and_predict(grey, recognizer)
    if len(digits) == 1:
        return digits
    if not pieces or _is_confirmed(digits, pieces):
        return [replace(digit, scale=scale) for digit in digits]
    return [predict_whole(grey, ink, recognizer)]


def _find_pieces(ink: InkImage, strokes: Sequence[Stroke]) -> list[Piece]:
    """Return the strokes as pieces, or nothing if they do not belong to the image."""
    drawn = [stroke for stroke in strokes if stroke]
    if not 0 < len(drawn) <= MAX_STROKES:
        return []
    solid = ink >= INK_LEVEL
    has_widths = all(len(point) > 3 for stroke in drawn for point in stroke)
    for width in (None,) if has_widths else PEN_WIDTHS:
        pieces = [
            Piece(stroke, _points(stroke), _draw_mask(stroke, width, ink.shape)) for stroke in drawn
        ]
        covered = np.logical_or.reduce([piece.mask for piece in pieces])
        if (solid & covered).sum() >= MIN_COVERED * solid.sum():
            return pieces
    return []


def _points(stroke: Stroke) -> Points:
    return np.array([point[:2] for point in stroke], float)


def _draw_mask(stroke: Stroke, width: float | None, shape: tuple[int, ...]) -> Mask:
    """Return the pixels that the pen may have reached. `width` None: each point has its own."""
    image = Image.new("1", (shape[1], shape[0]))
    brush = ImageDraw.Draw(image)
    limit = 2 * max(shape)  # Pillow is slow far outside of the image.
    points = [tuple(point) for point in _points(stroke).clip(-limit, limit).tolist()]
    pens = [PEN_MARGIN + min(width or point[3], MAX_PEN_WIDTH) for point in stroke]
    for line, pen in zip(pairwise(points), pens[1:], strict=True):
        brush.line(line, fill=1, width=max(1, round(pen)))
    for (x, y), pen in zip(points, pens, strict=True):
        radius = max(pen / 2, 0.5)
        brush.ellipse((x - radius, y - radius, x + radius, y + radius), fill=1)
    return np.asarray(image)


def _best_partition(ink: InkImage, pieces: list[Piece], recognizer: Predictor) -> Group | None:
    """Return the last digit of the cheapest partition (Viterbi)."""
    if len(pieces) < 2:
        return None
    height = float(np.ptp(np.concatenate([piece.points for piece in pieces])[:, 1]))
    ending: list[list[Group]] = [[] for _ in range(len(pieces) + 1)]  # by the number of pieces
    for start in range(len(pieces)):
        for end in range(start + 1, min(len(pieces), start + MAX_STROKES_PER_DIGIT) + 1):
            if (start > 0 and not ending[start]) or (start, end) == (0, len(pieces)):
                continue
            group = _predict_group(ink, pieces[start:end], height, recognizer)
            group = group and (_append(group, ending[start]) if start else group)
            if group:
                ending[end].append(group)
    return min(ending[-1], key=_compared_cost, default=None)


def _is_likely(partition: Group, ink: InkImage, recognizer: Predictor) -> bool:
    """Return whether the drawing is more likely several digits than one.

    If the whole drawing is "not a digit", it may be a letter, so the partition must be cheap.
    """
    if partition.cost < 0:
        return True
    whole = recognizer.predict(normalize_ink(ink))
    if whole.label == NOT_A_DIGIT:
        return False
    return partition.cost < -WHOLE_WEIGHT * math.log(whole.confidence)


def _predict_group(
    ink: InkImage, pieces: list[Piece], height: float, recognizer: Predictor
) -> Group | None:
    """Predict the pieces as one digit. Return None if they are not a digit."""
    points = np.concatenate([piece.points for piece in pieces])
    low, high = points.min(axis=0), points.max(axis=0)
    if high[1] - low[1] < MIN_HEIGHT * height:
        return None
    mask = np.logical_or.reduce([piece.mask for piece in pieces])
    digit, cost = predict_part(ink, mask, recognizer)
    if digit is None or digit.prediction.label == NOT_A_DIGIT:
        return None
    digit = replace(digit, strokes=[piece.stroke for piece in pieces])
    return Group(digit, low, high, cost, [digit])


def _append(group: Group, earlier: list[Group]) -> Group | None:
    """Append a digit to those of the earlier group that make the sum of the costs lowest."""
    joined = [
        replace(
            group,
            cost=each.cost + _start_cost(each, group) + group.cost,
            digits=[*each.digits, group.digit],
        )
        for each in earlier
    ]
    best = min(joined, key=_compared_cost)
    return best if best.cost < math.inf else None


def _compared_cost(group: Group) -> float:
    return group.cost + MORE_DIGITS_COST * len(group.digits)


def _start_cost(left: Group, right: Group) -> float:
    """Return the cost of starting a new digit between two groups of strokes."""
    height = max(left.high[1], right.high[1]) - min(left.low[1], right.low[1])
    (left_width, left_height), (right_width, right_height) = (
        left.high - left.low,
        right.high - right.low,
    )
    distance = (right.low + right.high - left.low - left.high)[0] / 2 / height
    if distance < MIN_DISTANCE:
        return math.inf
    narrower = min(left_width, right_width)
    gap = right.low[0] - left.high[0]
    is_bar = left.digit.prediction.label == 1 and gap < -BAR_OVERLAP * narrower
    return float(
        START_COST
        - HEIGHT_BONUS * min(min(left_height, right_height) / height, FULL_HEIGHT)
        - DISTANCE_BONUS * min(distance, FULL_DISTANCE)
        - WIDTH_BONUS * min(narrower / height, FULL_WIDTH)
        - (GAP_BONUS if gap > MIN_GAP * height else 0)
        + (BAR_COST if is_bar else 0)
    )


def _is_confirmed(digits: list[SegmentedDigit], pieces: list[Piece]) -> bool:
    """Return whether the strokes do not contradict how the image was split.

    The strokes of a digit may be drawn in any order. If a digit ends within a stroke, the drawing
    must be wide.
    """
    shares = np.array([[_share_inside(piece, digit) for digit in digits] for piece in pieces])
    if (shares.max(axis=1) >= MIN_INSIDE).all():
        return True
    width, height = np.ptp(np.concatenate([piece.points for piece in pieces]), axis=0)
    return bool(width > MIN_JOINED_ASPECT * height)


def _share_inside(piece: Piece, digit: SegmentedDigit) -> float:
    """Return the share of the piece's points that are inside the digit."""
    height, width = digit.mask.shape
    columns, rows = piece.points.T.astype(int).clip(0, [[width - 1], [height - 1]])
    return float(digit.mask[rows, columns].mean())
