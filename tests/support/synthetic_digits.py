"""Synthetic digits, squares and numbers as pen strokes, for machines without real handwriting."""

import numpy as np

from benchmarks.stroke_rendering import draw
from recognizer.demo.synthetic_digits import line, strokes_of

__all__ = ["draw", "row_of", "square_strokes", "strokes_of"]


def square_strokes(seed):
    """Return one stroke: a drawn square. The base predicts "not a digit"."""
    rng = np.random.default_rng(seed)
    corners = np.array([(0, 0), (200, 0), (200, 200), (0, 200)]) + rng.normal(0, 8, (4, 2))
    return [line(*corners.tolist(), corners[0].tolist())]


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
