"""Compare two models' predictions for the same images and decide which one is better."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from ml.arrays import Labels, Mask
from ml.data.mnist import LabelledImages
from ml.runtime import CLASSES, DIGITS, NOT_A_DIGIT, Recognizer

ALPHA: Final = 0.05  # significance level of the test on all images
ALPHA_PER_LABEL: Final = 0.05 / CLASSES  # of the eleven tests on one label each (Bonferroni)


@dataclass(frozen=True)
class Verdict:
    """Whether the candidate may replace the live version, and the reason for people."""

    accepted: bool
    reason: str


def predict_all(recognizer: Recognizer, data: LabelledImages) -> Labels:
    """Return the predicted label of each image, (n,) uint8."""
    return np.array([recognizer.predict(image).label for image in data.images], np.uint8)


def accuracy(predicted: Labels, data: LabelledImages) -> float | None:
    """Return the share of correct predictions in 0..1, or None if there are no images."""
    return float((predicted == data.labels).mean()) if len(data) else None


def compare(
    live: Labels, candidate: Labels, labels: Labels, name: str, margin: float = 0.0
) -> Verdict:
    """Compare two models' predictions for the same images, overall and for each label.

    Rejects the candidate if it is significantly worse. Among the images that only one of the two
    models predicts correctly, the candidate's share is compared with that of a fair coin
    (one-sided sign test, the exact form of Q. McNemar's test, 1947). `name` names the images in
    the reason. `margin`, in 0..1, is the share of the images that the candidate may break.
    """
    fixed = (candidate == labels) & (live != labels)
    broken = (live == labels) & (candidate != labels)
    if _is_worse(fixed, broken, margin * len(labels), ALPHA):
        return _reject(name, fixed, broken)
    for label in range(CLASSES):
        here = labels == label
        if _is_worse(fixed[here], broken[here], margin * here.sum(), ALPHA_PER_LABEL):
            what = "not a digit" if label == NOT_A_DIGIT else f"digit {label}"
            return _reject(f"{name}, {what}", fixed[here], broken[here])
    return Verdict(True, f"{name}: {_count_drawings(fixed)} fixed, {broken.sum()} broken")


def compare_negatives(base: Labels, candidate: Labels, margin: float, name: str) -> Verdict:
    """Compare two models' predictions for images that are not a digit, as `compare` does.

    `margin`, in 0..1, is the share of the images that the candidate may predict as each digit. A
    model that was trained on scribbles as threes would predict three for many more.
    """
    for digit in range(DIGITS):
        fewer = (base == digit) & (candidate != digit)
        more = (candidate == digit) & (base != digit)
        if _is_worse(fewer, more, margin * len(base), ALPHA_PER_LABEL):
            return Verdict(False, f"{name}: {_count_drawings(more)} more predicted as {digit}")
    return compare(base, candidate, np.full(len(base), NOT_A_DIGIT), name, DIGITS * margin)


def _reject(name: str, fixed: Mask, broken: Mask) -> Verdict:
    return Verdict(False, f"{name}: {_count_drawings(broken)} broken, only {fixed.sum()} fixed")


def _is_worse(fixed: Mask, broken: Mask, margin: float, alpha: float) -> bool:
    """Return whether a fair coin would give so few heads with a probability below `alpha`.

    `margin` is the number of broken images that are tolerated.
    """
    heads, tails = int(fixed.sum() + margin), int(broken.sum())
    tosses = heads + tails
    tail = sum(math.comb(tosses, n) for n in range(heads + 1))
    return tails > heads and tail / 2**tosses < alpha


def _count_drawings(chosen: Mask) -> str:
    count = int(chosen.sum())
    return f"{count} drawing" if count == 1 else f"{count} drawings"
