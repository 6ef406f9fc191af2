"""Synthetic digits as pen strokes. No person drew them.

The coordinates are those of a 200 x 200 canvas, where y grows downward.
"""

from itertools import pairwise
from typing import Final

import numpy as np

Point = tuple[float, float]
Strokes = list[list[list[float]]]


def _arc(
    cx: float, cy: float, rx: float, ry: float, start: float, end: float, points: int = 16
) -> list[Point]:
    """Return points on an ellipse. 0 degrees is right, and 90 degrees is down."""
    return [
        (cx + rx * np.cos(a), cy + ry * np.sin(a))
        for a in np.radians(np.linspace(start, end, points))
    ]


def line(*corners: Point, points: int = 8) -> list[Point]:
    """Return points from corner to corner. The points in between let a jitter bend the line."""
    steps = np.linspace(0, 1, points, endpoint=False)
    line = [
        (x1 + t * (x2 - x1), y1 + t * (y2 - y1))
        for (x1, y1), (x2, y2) in pairwise(corners)
        for t in steps
    ]
    return [*line, corners[-1]]


TEMPLATES: Final = (
    [_arc(100, 100, 58, 96, -80, 285, 32)],
    [line((108, 4), (96, 196))],
    [_arc(98, 56, 54, 52, -160, 40) + line((128, 104), (42, 190), (166, 188))],
    [_arc(92, 52, 56, 48, -145, 80) + _arc(94, 146, 62, 50, -80, 145)],
    [line((84, 6), (36, 118), (164, 114)), line((134, 50), (122, 196))],
    [line((74, 12), (62, 90)) + _arc(92, 136, 62, 58, -130, 140), line((74, 12), (154, 8))],
    [_arc(158, 118, 108, 114, -105, -180) + _arc(100, 144, 50, 50, -180, 180, 28)],
    [line((34, 16), (160, 14), (90, 196))],
    [_arc(100, 50, 46, 46, -60, -270, 20) + _arc(100, 146, 54, 50, -90, 270, 28)
     + _arc(100, 50, 46, 46, 90, -60, 12)],
    [_arc(96, 58, 50, 50, -20, -380, 28) + line((144, 44), (120, 196))],
)  # fmt: skip


def strokes_of(digit: int, rng: np.random.Generator) -> Strokes:
    """Return random strokes of [x, y] points that show `digit`."""
    slant, turn = rng.normal(0, 0.08), rng.normal(0, 0.05)
    width, height = rng.normal(1, 0.06), rng.normal(1, 0.04)
    matrix = np.array([[width, turn - slant], [-turn, height]])
    tremor = rng.normal(0, 4, (2, 2))
    strokes = []
    for stroke in TEMPLATES[digit]:
        points = np.array(stroke, float)
        waves = np.sin(points[:, ::-1] / 45 + rng.normal(0, 1, 2)) @ tremor
        points = (points - 100) @ matrix.T + 100 + waves + rng.normal(0, 3, 2)
        strokes.append(points.clip(0, 200).round(1).tolist())
    return strokes
