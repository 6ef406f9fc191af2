"""Which of two networks reads better, judged pair by pair on the same pictures."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from ml.mnist import Labelled
from ml.runtime import CLASSES, DIGITS, NOT_A_DIGIT, Recognizer

Answers = npt.NDArray[np.uint8]

CHANCE: Final = 0.05  # a loss that chance would bring less often than this is a real one
CHANCE_PER_DIGIT: Final = 0.05 / CLASSES  # eleven looks (Bonferroni)


@dataclass(frozen=True)
class Verdict:
    """Whether the candidate may replace the live version, and why, in words."""

    accepted: bool
    reason: str


def read_all(recognizer: Recognizer, data: Labelled) -> Answers:
    """The answer to every image, (n,) uint8."""
    return np.array([recognizer.read(image).answer for image in data.images], np.uint8)


def accuracy(answers: Answers, data: Labelled) -> float | None:
    """Share of right answers in 0..1; None where there is nothing to judge on."""
    return float((answers == data.labels).mean()) if len(data) else None


def judge(
    live: Answers, candidate: Answers, labels: Answers, what: str, margin: float = 0.0
) -> Verdict:
    """Compare two networks' answers to the same images, overall and for each label.

    Refuses a loss that chance explains badly: among the images that only one of the two reads
    rightly, the candidate's share is tested against a coin (one-sided sign test, the exact
    form of Q. McNemar's test, 1947). `what` names the images in the reason. So large a share of
    them as `margin`, in 0..1, may be lost.
    """
    gained = (candidate == labels) & (live != labels)
    lost = (live == labels) & (candidate != labels)
    if _is_loss(int(gained.sum() + margin * len(labels)), int(lost.sum()), CHANCE):
        return Verdict(False, f"{what}: {_count(lost)} lost, only {_count(gained)} gained")
    for label in range(CLASSES):
        here = labels == label
        kept = int(gained[here].sum() + margin * here.sum())
        if _is_loss(kept, int(lost[here].sum()), CHANCE_PER_DIGIT):
            name = "not a digit" if label == NOT_A_DIGIT else f"digit {label}"
            return Verdict(
                False,
                f"{what}, {name}: {_count(lost[here])} lost, only {_count(gained[here])} gained",
            )
    return Verdict(True, f"{what}: {_count(gained)} gained, {_count(lost)} lost")


def judge_no_digits(base: Answers, candidate: Answers, margin: float, what: str) -> Verdict:
    """Compare what two networks say of pictures that are no digit, as `judge` does.

    So large a share of them as `margin`, in 0..1, may be taken for any one digit: to learn
    scribbles as threes makes threes of more.
    """
    for digit in range(DIGITS):
        fewer = int(((base == digit) & (candidate != digit)).sum() + margin * len(base))
        more = (candidate == digit) & (base != digit)
        if _is_loss(fewer, int(more.sum()), CHANCE_PER_DIGIT):
            return Verdict(False, f"{what}: {_count(more)} more taken for digit {digit}")
    return judge(base, candidate, np.full(len(base), NOT_A_DIGIT), what, DIGITS * margin)


def _is_loss(gained: int, lost: int, chance: float) -> bool:
    """Would a fair coin give so few heads, `gained` of all, less often than `chance`?"""
    tosses = gained + lost
    tail = sum(math.comb(tosses, heads) for heads in range(gained + 1))
    return lost > gained and tail / 2**tosses < chance


def _count(chosen: npt.NDArray[np.bool_]) -> str:
    number = int(chosen.sum())
    return f"{number} drawing" if number == 1 else f"{number} drawings"
