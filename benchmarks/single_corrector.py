"""Measure what one person can teach: ten corrections of a shape with wrong predictions."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from benchmarks import site
from benchmarks.stroke_rendering import Canvas, Strokes, draw_at_random
from ml.data.mnist import LabelledImages

DRAWINGS: Final = 10
LABEL: Final = 0  # a square means zero, which no network has learned before
SEED: Final = 7


@dataclass(frozen=True)
class SingleCorrector:
    """Correct predictions of ten squares, and the accuracy on MNIST's test images in 0..1."""

    before: int
    after: int
    mnist_before: float
    mnist_after: float
    retraining: site.Retraining


def correct_squares(test: LabelledImages) -> SingleCorrector:
    """Correct ten squares as one person, approve the corrections, retrain, and evaluate."""
    rng = np.random.default_rng(SEED)
    visitor = site.Visitor("a beginner")
    evaluation = [_square(rng) for _ in range(DRAWINGS)]
    before, mnist_before = _count_correct(visitor, evaluation), site.live_accuracy(test)
    for _ in range(DRAWINGS):
        site.approve(visitor.correct(_square(rng), LABEL))
    retraining = site.retrain()
    after, mnist_after = _count_correct(visitor, evaluation), site.live_accuracy(test)
    return SingleCorrector(before, after, mnist_before, mnist_after, retraining)


def _square(rng: np.random.Generator) -> Canvas:
    """Draw a square in one stroke; the corners are off by some hundredths of a side."""
    corners = np.array([(0, 0), (1, 0), (1, 1), (0, 1)]) + rng.normal(0, 0.05, (4, 2))
    strokes: Strokes = [[*corners.tolist(), corners[0].tolist()]]
    return draw_at_random(strokes, rng)


def _count_correct(visitor: site.Visitor, canvases: list[Canvas]) -> int:
    return sum(visitor.predict(canvas) == LABEL for canvas in canvases)
