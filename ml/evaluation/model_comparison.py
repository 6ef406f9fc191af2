"""Compare a candidate's predictions with a reference version's, and say whether it is worse.

The main test is a test of non-inferiority: a candidate passes only if the images show that it loses
less than a margin. A test of "significantly worse" would pass small losses, again at every training
run.
"""

import math
from dataclasses import dataclass
from enum import StrEnum
from statistics import NormalDist
from typing import Final

import numpy as np
import numpy.typing as npt

from ml.arrays import Labels, Mask
from ml.data.mnist import LabelledImages
from ml.runtime import CLASS_COUNT, DIGIT_COUNT, NOT_A_DIGIT, Recognizer

Z_NON_INFERIORITY: Final = NormalDist().inv_cdf(0.95)  # one-sided, for the test of non-inferiority
Z_SIGNIFICANT: Final = NormalDist().inv_cdf(0.99)  # one-sided, for sets that are too small for it
# With fewer images or owners, a candidate can hardly be shown to lose less than a margin.
MIN_SIZE: Final = 1000
MIN_SIZE_PER_LABEL: Final = 200
MIN_OWNERS: Final = 20
MIN_OWNERS_TO_REJECT: Final = 5  # With fewer, one careless person could reject every candidate.

Owners = npt.NDArray[np.intp]  # (n,), equal numbers for images of the same owner


class Verdict(StrEnum):
    """The result of a comparison. Only `WORSE` rejects a candidate."""

    NOT_WORSE = "not worse"
    WORSE = "worse"
    TOO_FEW = "too few to tell"


@dataclass(frozen=True)
class Comparison:
    """The comparison of a candidate with a reference version on one set of images.

    `fixed` images are predicted correctly only by the candidate, `broken` ones only by the
    reference. `margin` and `upper_limit`, in 0..1, are shares of the images: the loss that is
    tolerated, and the upper 95% confidence limit of the loss. `owner_count` is None if the owners
    are unknown. `is_partial` tells that only one label or one predicted digit is compared.
    """

    name: str
    size: int
    owner_count: int | None
    fixed: int
    broken: int
    margin: float
    upper_limit: float
    verdict: Verdict
    is_partial: bool = False

    def __str__(self) -> str:
        counts = f"{self.name}: {self.fixed} fixed, {self.broken} broken of {self.size}"
        if self.verdict == Verdict.TOO_FEW:
            return f"{counts}, too few to tell"
        limit = f"up to {100 * self.upper_limit:.2f} points worse, margin {100 * self.margin:.2f}"
        return f"{counts} ({limit})"


def predict_all(recognizer: Recognizer, data: LabelledImages) -> Labels:
    """Return the predicted label of each image, (n,) uint8."""
    return np.array([recognizer.predict(image).label for image in data.images], np.uint8)


def accuracy(predicted: Labels, data: LabelledImages) -> float | None:
    """Return the share of correct predictions in 0..1, or None if there are no images."""
    return float((predicted == data.labels).mean()) if len(data) else None


def compare(
    reference: Labels,
    candidate: Labels,
    labels: Labels,
    name: str,
    margin: float,
    owners: Owners | None = None,
) -> Comparison:
    """Compare the predictions of two models for the same images.

    If there are at least `MIN_SIZE` images, by at least `MIN_OWNERS` owners, the candidate must be
    shown to lose less than `margin`, a share of the images. On smaller sets, it must not be
    significantly worse at the 1% level. `name` names the images.
    """
    fixed = (candidate == labels) & (reference != labels)
    broken = (reference == labels) & (candidate != labels)
    return _compare(fixed, broken, name, margin, MIN_SIZE, owners)


def compare_labels(
    reference: Labels, candidate: Labels, labels: Labels, name: str, margin: float
) -> list[Comparison]:
    """Compare two models separately for the images of each label, as `compare` does."""
    fixed = (candidate == labels) & (reference != labels)
    broken = (reference == labels) & (candidate != labels)
    names = {label: f"digit {label}" for label in range(DIGIT_COUNT)} | {NOT_A_DIGIT: "no digit"}
    return [
        _compare(
            fixed[here],
            broken[here],
            f"{name}, {names[label]}",
            margin,
            MIN_SIZE_PER_LABEL,
            is_partial=True,
        )
        for label in range(CLASS_COUNT)
        if (here := labels == label).any()
    ]


def compare_negatives(
    reference: Labels, candidate: Labels, name: str, margin: float
) -> list[Comparison]:
    """Compare two models' predictions for images that are not a digit, once for each digit.

    A model trained on scribbles that were labelled as threes predicts three for many more images.
    An image is broken if only the candidate predicts the digit, and fixed if only the reference
    does.
    """
    return [
        _compare(
            (reference == digit) & (candidate != digit),
            (candidate == digit) & (reference != digit),
            f"{name} predicted as {digit}",
            margin,
            MIN_SIZE,
            is_partial=True,
        )
        for digit in range(DIGIT_COUNT)
    ]


def _compare(
    fixed: Mask,
    broken: Mask,
    name: str,
    margin: float,
    min_size: int,
    owners: Owners | None = None,
    is_partial: bool = False,
) -> Comparison:
    size, broken_count, fixed_count = len(fixed), int(broken.sum()), int(fixed.sum())
    owner_count = None if owners is None else len(np.unique(owners))
    effect = 1.0 if owners is None else _design_effect(fixed, broken, owners)
    critical = _critical_value(owner_count)
    is_large = size >= min_size and (owner_count is None or owner_count >= MIN_OWNERS)
    if is_large:
        is_worse = _score(fixed_count, broken_count, size, margin, effect) > -critical
    else:
        can_reject = owner_count is None or owner_count >= MIN_OWNERS_TO_REJECT
        is_worse = can_reject and _significance(fixed_count, broken_count, effect) > Z_SIGNIFICANT
    verdict = Verdict.NOT_WORSE if is_large else Verdict.TOO_FEW
    return Comparison(
        name,
        size,
        owner_count,
        fixed=fixed_count,
        broken=broken_count,
        margin=margin,
        upper_limit=_upper_limit(fixed_count, broken_count, size, effect, critical),
        verdict=Verdict.WORSE if is_worse else verdict,
        is_partial=is_partial,
    )


def _score(fixed: int, broken: int, size: int, loss: float, effect: float) -> float:
    """Return the score statistic of the hypothesis that the candidate loses the share `loss`.

    It is far below 0 if the candidate loses less. T. Tango, "Equivalence test and confidence
    interval for the difference in proportions for the paired-sample design", 1998.
    """
    b = 2 * size * loss - (broken + fixed) - (broken - fixed) * loss
    c = fixed * loss * (1 - loss)
    share_fixed = (math.sqrt(b * b + 8 * size * c) - b) / (4 * size)
    variance = size * (2 * share_fixed + loss * (1 - loss)) * effect
    if variance <= 0:  # only if every image is lost
        return -math.inf
    return (broken - fixed - size * loss) / math.sqrt(variance)


def _critical_value(owner_count: int | None) -> float:
    """Return the 95% quantile of the statistic.

    With few owners, the design effect is uncertain, so it is a quantile of Student's t, in the
    approximation of R. Fisher and E. Cornish (1960).
    """
    if owner_count is None or owner_count < 2:
        return Z_NON_INFERIORITY
    return Z_NON_INFERIORITY + (Z_NON_INFERIORITY**3 + Z_NON_INFERIORITY) / (4 * (owner_count - 1))


def _upper_limit(fixed: int, broken: int, size: int, effect: float, critical: float) -> float:
    """Return the upper 95% confidence limit of the loss, a share of the images, by bisection."""
    if not size:
        return 1.0
    low, high = max((broken - fixed) / size, 0.0), 1.0
    for _ in range(40):
        middle = (low + high) / 2
        if _score(fixed, broken, size, middle, effect) > -critical:
            low = middle
        else:
            high = middle
    return high


def _significance(fixed: int, broken: int, effect: float) -> float:
    """Return the statistic of Q. McNemar's test (1947) with A. Edwards's correction (1948)."""
    if broken <= fixed:
        return 0.0
    return (broken - fixed - 1) / math.sqrt((broken + fixed) * effect)


def _design_effect(fixed: Mask, broken: Mask, owners: Owners) -> float:
    """Return the factor by which the clustering by owner increases the variance of the loss.

    J. Rao and A. Scott, "A simple method for the analysis of clustered binary data", 1992.
    """
    losses = broken.astype(int) - fixed.astype(int)
    _, cluster = np.unique(owners, return_inverse=True)
    sizes = np.bincount(cluster)
    variance = float((losses**2).sum() - losses.sum() ** 2 / max(len(losses), 1))
    if len(sizes) < 2 or variance <= 0:
        return 1.0
    deviations = np.bincount(cluster, losses) - losses.mean() * sizes
    clustered = len(sizes) / (len(sizes) - 1) * float((deviations**2).sum())
    return max(1.0, clustered / variance)
