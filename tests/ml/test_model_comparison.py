"""A candidate must be shown to lose less than a margin."""

import numpy as np
import pytest

from ml.data import mnist
from ml.evaluation.model_comparison import (
    MIN_OWNERS,
    Verdict,
    compare,
    compare_labels,
    compare_negatives,
    predict_all,
)
from ml.runtime import BASE, NOT_A_DIGIT, Recognizer

WRONG = 7


def predictions(fixed, broken, size, label=3):
    """Return the predictions of a reference and of a candidate, and the labels."""
    labels = np.full(size, label, np.uint8)
    reference, candidate = labels.copy(), labels.copy()
    reference[:fixed] = WRONG
    candidate[fixed : fixed + broken] = WRONG
    return reference, candidate, labels


def verdict(fixed, broken, size, margin=0.01, owners=None):
    return compare(*predictions(fixed, broken, size), "test", margin, owners).verdict


@pytest.mark.parametrize(("fixed", "broken"), [(0, 0), (5, 0), (2, 4), (20, 20)])
def test_accepts_a_loss_below_the_margin(fixed, broken):
    assert verdict(fixed, broken, size=3000) == Verdict.NOT_WORSE


@pytest.mark.parametrize(("fixed", "broken"), [(0, 30), (10, 40), (0, 24), (250, 250)])
def test_rejects_a_loss_that_may_reach_the_margin(fixed, broken):
    """The last candidate fixes as many as it breaks, but its true loss can still be large."""
    assert verdict(fixed, broken, size=3000) == Verdict.WORSE


def test_upper_limit_is_above_the_true_loss_in_19_of_20_cases():
    rng = np.random.default_rng(0)
    covered = 0
    for fixed, broken, _ in rng.multinomial(1000, [0.004, 0.012, 0.984], size=2000):
        covered += compare(*predictions(fixed, broken, 1000), "test", 0.01).upper_limit > 0.008
    assert 0.94 < covered / 2000 < 0.97


def test_describes_the_comparison():
    comparison = compare(*predictions(12, 3, 1000), "test", 0.01)
    assert str(comparison) == (
        "test: 12 fixed, 3 broken of 1000 (up to 0.00 points worse, margin 1.00)"
    )
    small = compare(*predictions(1, 0, 30), "test", 0.01)
    assert str(small) == "test: 1 fixed, 0 broken of 30, too few to tell"


@pytest.mark.parametrize(("fixed", "broken"), [(0, 0), (0, 5), (3, 12)])
def test_small_set_rejects_only_significant_losses(fixed, broken):
    assert verdict(fixed, broken, size=100) == Verdict.TOO_FEW


@pytest.mark.parametrize(("fixed", "broken"), [(0, 9), (3, 22)])
def test_small_set_rejects_a_significant_loss(fixed, broken):
    assert verdict(fixed, broken, size=100) == Verdict.WORSE


def test_one_careless_owner_rejects_no_candidate():
    """All 40 broken predictions are those of one owner, out of 24."""
    number = np.arange(1200)
    spread = number % 24
    careless = np.where(number < 40, 0, 1 + spread % 23)
    assert verdict(0, 40, size=1200, margin=0.06, owners=spread) == Verdict.NOT_WORSE
    comparison = compare(*predictions(0, 40, 1200), "test", 0.01, careless)
    assert comparison.upper_limit > 0.06, "one owner proves little"
    few = np.where(number[:300] < 40, 0, 1 + number[:300] % 8)
    assert verdict(0, 40, size=300, owners=few) == Verdict.TOO_FEW
    assert verdict(0, 40, size=300, owners=number[:300] % 9) == Verdict.WORSE


def test_few_owners_reject_no_candidate():
    assert verdict(0, 40, size=300, owners=np.arange(300) % 4) == Verdict.TOO_FEW
    assert verdict(0, 0, size=5000, owners=np.arange(5000) % (MIN_OWNERS - 1)) == Verdict.TOO_FEW


def test_rejects_a_candidate_that_is_worse_for_one_digit_and_better_for_another():
    labels = np.repeat(np.arange(10, dtype=np.uint8), 500)
    live, candidate = labels.copy(), labels.copy()
    live[500:540] = 9  # The candidate fixes 40 ones.
    candidate[1000:1020] = 9  # It breaks 20 twos.
    assert compare(live, candidate, labels, "test", 0.01).verdict == Verdict.NOT_WORSE
    worse = [
        each.name
        for each in compare_labels(live, candidate, labels, "test", 0.015)
        if each.verdict == Verdict.WORSE
    ]
    assert worse == ["test, digit 2"]


def test_rejects_many_negatives_predicted_as_the_same_digit():
    base = np.full(3000, NOT_A_DIGIT, np.uint8)
    spread, threes = base.copy(), base.copy()
    spread[:60] = np.arange(60) % 10
    threes[:40] = 3
    assert not any(
        each.verdict == Verdict.WORSE for each in compare_negatives(base, spread, "test", 0.01)
    )
    worse = [
        each
        for each in compare_negatives(base, threes, "test", 0.01)
        if each.verdict == Verdict.WORSE
    ]
    assert [each.name for each in worse] == ["test predicted as 3"]


def test_predicts_all_images(small_mnist_file):
    few = mnist.load(*small_mnist_file).test[np.arange(5)]
    recognizer = Recognizer((BASE / "model.tflite").read_bytes())
    assert (predict_all(recognizer, few) == few.labels).mean() >= 0.8
