"""Compare a candidate's predictions with another version's, and accept or reject the candidate."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from ml.arrays import Labels, Mask
from ml.data.mnist import LabelledImages
from ml.runtime import CLASS_COUNT, DIGIT_COUNT, NOT_A_DIGIT, Recognizer

ALPHA: Final = 0.05  # significance level of the test on all images together
ALPHA_PER_LABEL: Final = 0.05 / CLASS_COUNT  # level of the test on one label (Bonferroni)


@dataclass(frozen=True)
class Verdict:
    """The result of a comparison: whether the candidate passed it, and a readable reason."""

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
    """Return a verdict that rejects the candidate if it is significantly worse.

    The candidate must not be significantly worse on all images together, nor for any one label.

    `live` and `candidate` are the two models' predictions for the same images. The test is the
    exact form of Q. McNemar's test (1947), a one-sided sign test on the images that only one of
    the two models predicts correctly. The candidate fixes a prediction if only the candidate's is
    correct, and breaks it if only the live version's is. `name` names the images in the reason.
    `margin`, in 0..1, is a share of the images. The test counts this many additional predictions
    as fixed.
    """
    fixed = (candidate == labels) & (live != labels)
    broken = (live == labels) & (candidate != labels)
    if _is_worse(fixed, broken, margin * len(labels), ALPHA):
        return _reject(name, fixed, broken)
    for label in range(CLASS_COUNT):
        here = labels == label
        if _is_worse(fixed[here], broken[here], margin * here.sum(), ALPHA_PER_LABEL):
            what = "not a digit" if label == NOT_A_DIGIT else f"digit {label}"
            return _reject(f"{name}, {what}", fixed[here], broken[here])
    return Verdict(True, f"{name}: {_describe_count(fixed)} fixed, {broken.sum()} broken")


def compare_negatives(base: Labels, candidate: Labels, margin: float, name: str) -> Verdict:
    """Compare two models' predictions for images that are not a digit.

    The test of `compare` also runs once for each predicted digit, because a model trained on
    scribbles that were labelled as threes would predict three for many more images. `margin`, in
    0..1, is the share of images that the candidate may additionally predict as each digit. For all
    digits together, the margin is `DIGIT_COUNT` times as large.
    """
    for digit in range(DIGIT_COUNT):
        fewer = (base == digit) & (candidate != digit)
        more = (candidate == digit) & (base != digit)
        if _is_worse(fewer, more, margin * len(base), ALPHA_PER_LABEL):
            return Verdict(False, f"{name}: {more.sum()} more drawings predicted as {digit}")
    return compare(base, candidate, np.full(len(base), NOT_A_DIGIT), name, DIGIT_COUNT * margin)


def _reject(name: str, fixed: Mask, broken: Mask) -> Verdict:
    return Verdict(False, f"{name}: {_describe_count(broken)} broken, only {fixed.sum()} fixed")


def _is_worse(fixed: Mask, broken: Mask, margin: float, alpha: float) -> bool:
    """Return whether significantly more predictions are broken than fixed (one-sided sign test).

    `margin` is a number of additional predictions that the test counts as fixed. `alpha` is the
    significance level.
    """
    heads, tails = int(fixed.sum() + margin), int(broken.sum())
    tosses = heads + tails
    tail = sum(math.comb(tosses, n) for n in range(heads + 1))
    return tails > heads and tail / 2**tosses < alpha


def _describe_count(chosen: Mask) -> str:
    count = int(chosen.sum())
    return f"{count} drawing" if count == 1 else f"{count} drawings"
