"""What everybody tries first: alone, with ten drawings of something that the network misreads."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from benchmarks import site
from benchmarks.pen import Canvas, Strokes, draw_at_random
from ml.mnist import Labelled

TAUGHT: Final = 10
MEANT: Final = 0  # a shape of our own, that nothing can have learned before: a square is a zero


@dataclass(frozen=True)
class Beginner:
    """Of ten drawings so many were read as meant; `mnist` holds shares of its test images."""

    before: int
    after: int
    mnist_before: float
    mnist_after: float
    retraining: site.Retraining


def ten_squares(test: Labelled) -> Beginner:
    """One person corrects ten squares, approves them, retrains, and draws ten more."""
    rng = np.random.default_rng(7)
    visitor = site.Visitor("a beginner")
    more = [_square(rng) for _ in range(TAUGHT)]
    before, mnist_before = _as_meant(visitor, more), site.read_rightly(test)
    for _ in range(TAUGHT):
        site.approve(visitor.correct(_square(rng), MEANT))
    retraining = site.retrain()
    return Beginner(
        before, _as_meant(visitor, more), mnist_before, site.read_rightly(test), retraining
    )


def _square(rng: np.random.Generator) -> Canvas:
    """In one go, with a hand's inaccuracy: the corners off by a tenth of a side."""
    corners = np.array([(0, 0), (1, 0), (1, 1), (0, 1)]) + rng.normal(0, 0.05, (4, 2))
    strokes: Strokes = [[*corners.tolist(), corners[0].tolist()]]
    return draw_at_random(strokes, rng)


def _as_meant(visitor: site.Visitor, canvases: list[Canvas]) -> int:
    return sum(visitor.read(canvas) == MEANT for canvas in canvases)
