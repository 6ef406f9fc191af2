"""Measure what one person's ten corrections of an unfamiliar shape achieve."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from benchmarks import site
from benchmarks.stroke_rendering import Canvas, Strokes, draw_at_random
from ml.data.mnist import LabelledImages

DRAWING_COUNT: Final = 10
LABEL: Final = 0  # the visitor draws zeros as squares, a shape that the base does not know
SEED: Final = 7


@dataclass(frozen=True)
class SingleCorrectorResult:
    """The predictions of the live version before and after the training run.

    `correct_before` and `correct_after` count the correct predictions for `DRAWING_COUNT` squares.
    The accuracies, in 0..1, are those on MNIST's test images.
    """

    correct_before: int
    correct_after: int
    mnist_accuracy_before: float
    mnist_accuracy_after: float
    retrain_result: site.RetrainResult


def run_single_corrector(test: LabelledImages) -> SingleCorrectorResult:
    """Submit ten squares as zeros, as one visitor. Approve them, retrain, and evaluate."""
    rng = np.random.default_rng(SEED)
    visitor = site.Visitor("single corrector")
    evaluation = [draw_square(rng) for _ in range(DRAWING_COUNT)]
    before, mnist_before = _count_correct(visitor, evaluation), site.live_accuracy(test)
    for _ in range(DRAWING_COUNT):
        site.approve(visitor.correct(draw_square(rng), LABEL))
    result = site.retrain()
    after, mnist_after = _count_correct(visitor, evaluation), site.live_accuracy(test)
    return SingleCorrectorResult(before, after, mnist_before, mnist_after, result)


def draw_square(rng: np.random.Generator) -> Canvas:
    """Draw a square in one stroke. The corners are off by a few hundredths of a side."""
    corners = np.array([(0, 0), (1, 0), (1, 1), (0, 1)]) + rng.normal(0, 0.05, (4, 2))
    strokes: Strokes = [[*corners.tolist(), corners[0].tolist()]]
    return draw_at_random(strokes, rng)


def _count_correct(visitor: site.Visitor, canvases: list[Canvas]) -> int:
    return sum(visitor.predict(canvas, personal=False) == LABEL for canvas in canvases)
