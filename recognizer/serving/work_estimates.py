"""Estimate the work of predicting a drawing, before it is decoded."""

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from ml.preprocessing import decode_cost, stroke_rendering
from ml.preprocessing.decode import MAX_SIDE
from ml.preprocessing.stroke_segmentation import MAX_GROUPS
from recognizer.serving.prediction import CanvasImage, Drawing

MAX_BATCH_PIXELS: Final = decode_cost.MAX_PIXELS["JPEG"]  # of all images of a batch in total
PIXEL_MICROSECONDS: Final = 0.1  # of a decoded image, to find the ink and to predict it
CLEAN_MICROSECONDS: Final = 0.3  # of a decoded pixel, to clean a picture
POINT_MICROSECONDS: Final = 50  # to draw one point of a stroke
LENGTH_MICROSECONDS: Final = 1.2  # to draw a stroke, for each pixel of its length
PATH_PIXEL_MICROSECONDS: Final = 0.009  # to draw one pixel around a path
GROUP_MICROSECONDS: Final = 700  # to predict a group of strokes
CUT_MILLISECONDS: Final = 200  # to cut touching digits in an image without strokes
TOO_SLOW_MILLISECONDS: Final = 200  # to find out twice that decoding would take too long
PAGE_MILLISECONDS: Final = 400  # to read a page of 32 digits


@dataclass(frozen=True)
class Work:
    """The estimated work of predicting an image."""

    pixels: int
    milliseconds: int


def estimate_work(drawing: Drawing) -> Work:
    """Estimate the work of predicting a drawing, without decoding its file."""
    if not isinstance(drawing, bytes):
        microseconds = sum(map(_stroke_microseconds, drawing))
        return Work(stroke_rendering.CANVAS_SIDE**2, int(microseconds / 1000))
    cost = decode_cost.estimate(drawing)
    if cost.is_refused:
        return Work(0, TOO_SLOW_MILLISECONDS if cost.is_too_slow else 0)
    clean = 0 if isinstance(drawing, CanvasImage) else CLEAN_MICROSECONDS
    predict = (PIXEL_MICROSECONDS + clean) * min(cost.pixels, MAX_SIDE**2)
    return Work(cost.pixels, math.ceil((cost.microseconds + predict) / 1000))


def _stroke_microseconds(stroke: list[Any]) -> float:
    points = POINT_MICROSECONDS * len(stroke) + LENGTH_MICROSECONDS * _length(stroke)
    if len({tuple(point[3:]) for point in stroke}) <= 1:
        return points
    # If the widths differ, each point is drawn as a path of its own, and all pixels around the path
    # are computed.
    side, width = stroke_rendering.CANVAS_SIDE, stroke_rendering.MAX_WIDTH
    pixels = sum(
        min(abs(x - left) + width, side) * min(abs(y - top) + width, side)
        for (left, top, *_), (x, y, *_) in pairwise(stroke)
    )
    return points + PATH_PIXEL_MICROSECONDS * pixels


def _length(stroke: list[Any]) -> float:
    return sum(abs(x - left) + abs(y - top) for (left, top, *_), (x, y, *_) in pairwise(stroke))


def estimate_segmentation_milliseconds(strokes: list[Any] | None) -> int:
    """Estimate the milliseconds that it takes to separate digits."""
    if not strokes:
        return CUT_MILLISECONDS
    groups = min(len(strokes) ** 2 // 2, MAX_GROUPS)
    draw = LENGTH_MICROSECONDS * sum(map(_length, strokes))
    return int((groups * GROUP_MICROSECONDS + draw) / 1000)
