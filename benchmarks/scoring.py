"""Score our recognizer and the baseline on the same images."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np

from benchmarks import scores
from benchmarks.baseline import Baseline
from benchmarks.pictures import Pictures
from benchmarks.scores import Correct, Floats
from ml.arrays import IMAGE_SIDE, GreyImage, Labels, Pixels
from ml.preprocessing.decode import BadImageError
from ml.preprocessing.normalize import normalize
from ml.runtime import NOT_A_DIGIT, Recognizer, to_prediction

Predict = Callable[[Sequence[Pixels | None]], "Predictions"]
Preprocess = Callable[[GreyImage], Pixels | None]
T = TypeVar("T")

TIMING_ROUNDS: Final = 9


@dataclass(frozen=True)
class Predictions:
    """The predictions for n images.

    Each field is an array, (n,). `digit_probability` is the probability that the image is a digit.
    """

    labels: Labels
    confidence: Floats
    digit_probability: Floats

    def correct(self, labels: Labels) -> Correct:
        """Return which predictions match `labels`, (n,) bool."""
        return np.asarray(self.labels == labels)


def normalize_or_none(grey: GreyImage) -> Pixels | None:
    """Return the model input, or None if `normalize` rejects the image."""
    try:
        return normalize(grey)
    except BadImageError:
        return None


def predict_ours(recognizer: Recognizer, images: Sequence[Pixels | None]) -> Predictions:
    """Predict as the site does. A rejected image, None, counts as "not a digit"."""
    rejected = np.eye(NOT_A_DIGIT + 1)[NOT_A_DIGIT]
    probabilities = np.array(
        [rejected if image is None else recognizer.predict_proba(image) for image in images], float
    )
    predictions = [to_prediction(row) for row in probabilities]
    return Predictions(
        np.array([prediction.label for prediction in predictions], np.uint8),
        np.array([prediction.confidence for prediction in predictions]),
        1 - probabilities[:, NOT_A_DIGIT],
    )


def predict_baseline(baseline: Baseline, images: Sequence[Pixels | None]) -> Predictions:
    """Predict the most likely digit. A rejected image, None, counts as "not a digit".

    The baseline has no class "not a digit", so the `digit_probability` of an image is the highest
    probability of the ten digits. For a rejected image, it is 0.
    """
    blank = np.zeros((IMAGE_SIDE, IMAGE_SIDE), np.uint8)
    stacked = np.stack([blank if image is None else image for image in images])
    probabilities = baseline.predict_proba(stacked)
    rejected = np.array([image is None for image in images])
    confidence = probabilities.max(axis=1)
    labels = np.where(rejected, NOT_A_DIGIT, probabilities.argmax(axis=1)).astype(np.uint8)
    return Predictions(labels, confidence, np.where(rejected, 0, confidence))


@dataclass(frozen=True)
class Result:
    """All metrics of one recognizer, in 0..1.

    `mnist`, `pen` and `photos` are accuracies. `letters` and `negatives` are false-accept rates, at
    the threshold that accepts 98% of the drawn digits. `auroc` is that of drawn digits against
    letters. `mnist_calibration` and `pen_calibration` are calibration errors.
    """

    mnist: float
    pen: float
    photos: float
    letters: float
    auroc: float
    negatives: float
    mnist_calibration: float
    pen_calibration: float


def score(pictures: Pictures, predict: Predict, preprocess: Preprocess) -> Result:
    """Return the metrics of one recognizer. MNIST's images are not preprocessed."""
    mnist = predict(list(pictures.mnist.images))
    pen, photos, letters, negatives = (
        predict([preprocess(grey) for grey in greys])
        for greys in (pictures.pen, pictures.photos, pictures.letters, pictures.negatives)
    )
    mnist_correct = mnist.correct(pictures.mnist.labels)
    pen_correct = pen.correct(pictures.pen_labels)
    photo_labels = pictures.pen_labels[: len(pictures.photos)]
    threshold = scores.threshold(pen.digit_probability)
    return Result(
        mnist=mnist_correct.mean(),
        pen=pen_correct.mean(),
        photos=photos.correct(photo_labels).mean(),
        letters=(letters.digit_probability >= threshold).mean(),
        auroc=scores.auroc(pen.digit_probability, letters.digit_probability),
        negatives=(negatives.digit_probability >= threshold).mean(),
        mnist_calibration=scores.calibration_error(mnist.confidence, mnist_correct),
        pen_calibration=scores.calibration_error(pen.confidence, pen_correct),
    )


def time_per_item(function: Callable[[T], object], items: Sequence[T]) -> float:
    """Return the median time per item over several rounds, in ms. The first only warms up."""
    rounds = []
    for _ in range(TIMING_ROUNDS + 1):
        started = time.perf_counter()
        for item in items:
            function(item)
        rounds.append((time.perf_counter() - started) / len(items))
    return float(np.median(rounds[1:])) * 1000
