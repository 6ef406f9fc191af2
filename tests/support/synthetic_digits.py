"""Synthetic digits as pen strokes, for machines without real handwriting.

The coordinates are those of a 200 x 200 canvas, where y grows downward.
"""

from itertools import pairwise

import numpy as np

from benchmarks.stroke_rendering import draw

__all__ = ["draw", "row_of", "square_strokes", "strokes_of"]


def _arc(cx, cy, rx, ry, start, end, points=16):
    """Return points on an ellipse. 0 degrees is right, and 90 degrees is down."""
    return [
        (cx + rx * np.cos(a), cy + ry * np.sin(a))
        for a in np.radians(np.linspace(start, end, points))
    ]


def _line(*corners, points=8):
    """Return points from corner to corner. The points in between let a jitter bend the line."""
    steps = np.linspace(0, 1, points, endpoint=False)
    line = [
        (x1 + t * (x2 - x1), y1 + t * (y2 - y1))
        for (x1, y1), (x2, y2) in pairwise(corners)
        for t in steps
    ]
    return [*line, corners[-1]]


TEMPLATES = (
    [_arc(100, 100, 58, 96, -80, 285, 32)],
    [_line((108, 4), (96, 196))],
    [_arc(98, 56, 54, 52, -160, 40) + _line((128, 104), (42, 190), (166, 188))],
    [_arc(92, 52, 56, 48, -145, 80) + _arc(94, 146, 62, 50, -80, 145)],
    [_line((84, 6), (36, 118), (164, 114)), _line((134, 50), (122, 196))],
    [_line((74, 12), (62, 90)) + _arc(92, 136, 62, 58, -130, 140), _line((74, 12), (154, 8))],
    [_arc(158, 118, 108, 114, -105, -180) + _arc(100, 144, 50, 50, -180, 180, 28)],
    [_line((34, 16), (160, 14), (90, 196))],
    [_arc(100, 50, 46, 46, -60, -270, 20) + _arc(100, 146, 54, 50, -90, 270, 28)
     + _arc(100, 50, 46, 46, 90, -60, 12)],
    [_arc(96, 58, 50, 50, -20, -380, 28) + _line((144, 44), (120, 196))],
)  # fmt: skip


def strokes_of(digit, rng):
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


def square_strokes(seed):
    """Return one stroke: a drawn square. The base predicts "not a digit"."""
    rng = np.random.default_rng(seed)
    corners = np.array([(0, 0), (200, 0), (200, 200), (0, 200)]) + rng.normal(0, 8, (4, 2))
    return [_line(*corners.tolist(), corners[0].tolist())]


def row_of(*digits, gap=60, seed=3):
    """Return the strokes of digits side by side, with `gap` units between them."""
    rng = np.random.default_rng(seed)
    strokes, right = [], 0
    for digit in digits:
        drawn = strokes_of(digit, rng)
        left = min(x for stroke in drawn for x, _ in stroke)
        drawn = [[[x - left + right, y] for x, y in stroke] for stroke in drawn]
        right = max(x for stroke in drawn for x, _ in stroke) + gap
        strokes += drawn
    return strokes
