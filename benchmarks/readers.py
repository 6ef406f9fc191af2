"""The same pictures read by our network and by the baseline."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from benchmarks import scores
from benchmarks.baseline import Baseline
from benchmarks.pictures import Pictures
from benchmarks.scores import Floats, Rights
from ml.decode import BadImageError, Grey
from ml.normalize import Pixels, normalize
from ml.runtime import NOT_A_DIGIT, Recognizer, to_reading

Read = Callable[[Sequence[Pixels | None]], "Answers"]
See = Callable[[Grey], Pixels | None]
T = TypeVar("T")

ROUNDS = 9  # of each timing; the median counts


@dataclass(frozen=True)
class Answers:
    """To n pictures: (n,) digits or 10, confidences, and chances to be a digit at all."""

    answers: npt.NDArray[np.uint8]
    confidence: Floats
    digit: Floats

    def right(self, labels: npt.NDArray[np.uint8]) -> Rights:
        return np.asarray(self.answers == labels)


def normalized(grey: Grey) -> Pixels | None:
    """What the network sees; None where the normalizer finds no drawing and the site says so."""
    try:
        return normalize(grey)
    except BadImageError:
        return None


def ours(recognizer: Recognizer, pictures: Sequence[Pixels | None]) -> Answers:
    """As the site answers; what it refuses to read is no digit."""
    none = np.eye(NOT_A_DIGIT + 1)[NOT_A_DIGIT]
    seen = np.array([none if p is None else recognizer.probabilities(p) for p in pictures], float)
    readings = [to_reading(probabilities) for probabilities in seen]
    return Answers(
        np.array([reading.answer for reading in readings], np.uint8),
        np.array([reading.confidence for reading in readings]),
        1 - seen[:, NOT_A_DIGIT],
    )


def theirs(baseline: Baseline, pictures: Sequence[Pixels | None]) -> Answers:
    """The likeliest digit; how likely it is must serve to tell digits from others."""
    blank = np.zeros((28, 28), np.uint8)
    seen = baseline.probabilities(np.stack([blank if p is None else p for p in pictures]))
    refused = np.array([p is None for p in pictures])
    answers = np.where(refused, NOT_A_DIGIT, seen.argmax(axis=1)).astype(np.uint8)
    return Answers(answers, seen.max(axis=1), np.where(refused, 0, seen.max(axis=1)))


@dataclass(frozen=True)
class Result:
    """Shares in 0..1; `letters` and `nothing` are what is taken for a digit where 98 % of the
    drawn digits are."""

    mnist: float
    pen: float
    photos: float
    letters: float
    auroc: float
    nothing: float
    mnist_calibration: float
    pen_calibration: float


def score(pictures: Pictures, read: Read, see: See) -> Result:
    """All figures of one reader, which sees every picture but MNIST's through `see`."""
    mnist = read(list(pictures.mnist.images))
    pen, photos, letters, nothing = (
        read([see(grey) for grey in greys])
        for greys in (pictures.pen, pictures.photos, pictures.letters, pictures.nothing)
    )
    mnist_right = mnist.right(pictures.mnist.labels)
    pen_right = pen.right(pictures.pen_labels)
    kept = scores.threshold(pen.digit)
    return Result(
        mnist=mnist_right.mean(),
        pen=pen_right.mean(),
        photos=photos.right(pictures.pen_labels[: len(pictures.photos)]).mean(),
        letters=(letters.digit >= kept).mean(),
        auroc=scores.auroc(pen.digit, letters.digit),
        nothing=(nothing.digit >= kept).mean(),
        mnist_calibration=scores.calibration_error(mnist.confidence, mnist_right),
        pen_calibration=scores.calibration_error(pen.confidence, pen_right),
    )


def milliseconds(work: Callable[[T], object], items: Sequence[T]) -> float:
    """Median over some rounds of the mean time for one item, after one round to warm up."""
    rounds = []
    for _ in range(ROUNDS + 1):
        started = time.perf_counter()
        for item in items:
            work(item)
        rounds.append((time.perf_counter() - started) / len(items))
    return float(np.median(rounds[1:])) * 1000
