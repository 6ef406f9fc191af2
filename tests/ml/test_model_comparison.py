"""A candidate is rejected if it is significantly worse than the live version."""

import numpy as np
import pytest

from ml.data import mnist
from ml.evaluation.model_comparison import compare, compare_negatives, predict_all
from ml.runtime import BASE, NOT_A_DIGIT, Recognizer


def compare_one_label(fixed, broken, both_correct=1000, label=3):
    """Compare a candidate that fixes `fixed` and breaks `broken` predictions for one label."""
    labels = np.full(fixed + broken + both_correct, label, np.uint8)
    live, candidate = labels.copy(), labels.copy()
    live[:fixed] = 7
    candidate[fixed : fixed + broken] = 7
    return compare(live, candidate, labels, "test")


@pytest.mark.parametrize(("fixed", "broken"), [(0, 0), (5, 0), (9, 9), (2, 4), (40, 50)])
def test_accepts_a_candidate_that_is_not_significantly_worse(fixed, broken):
    assert compare_one_label(fixed, broken).accepted


@pytest.mark.parametrize(("fixed", "broken"), [(0, 8), (10, 40), (100, 200)])
def test_rejects_a_candidate_that_is_significantly_worse(fixed, broken):
    verdict = compare_one_label(fixed, broken)
    assert not verdict.accepted
    assert verdict.reason == f"test: {broken} drawings broken, only {fixed} fixed"


def test_reason_counts_fixed_and_broken_drawings():
    assert compare_one_label(12, 3).reason == "test: 12 drawings fixed, 3 broken"
    assert compare_one_label(1, 0).reason == "test: 1 drawing fixed, 0 broken"


def test_tolerates_broken_predictions_within_the_margin():
    labels = np.full(1000, 10, np.uint8)
    live, few, many = labels.copy(), labels.copy(), labels.copy()
    few[:30] = many[:80] = 3
    assert not compare(live, few, labels, "test").accepted
    assert compare(live, few, labels, "test", margin=0.03).accepted
    assert not compare(live, many, labels, "test", margin=0.03).accepted


def test_rejects_many_negatives_predicted_as_the_same_digit():
    base = np.full(1000, NOT_A_DIGIT, np.uint8)
    spread, threes = base.copy(), base.copy()
    spread[:60] = np.arange(60) % 10
    threes[:40] = 3
    assert compare_negatives(base, spread, 0.01, "test").accepted
    verdict = compare_negatives(base, threes, 0.01, "test")
    assert not verdict.accepted
    assert verdict.reason == "test: 40 more drawings predicted as 3"


def test_rejects_a_candidate_that_is_worse_for_one_digit_and_better_for_another():
    labels = np.repeat(np.arange(10, dtype=np.uint8), 100)
    live, candidate = labels.copy(), labels.copy()
    live[100:140] = 9  # The candidate fixes 40 ones.
    candidate[200:220] = 9  # It breaks 20 twos.
    verdict = compare(live, candidate, labels, "test")
    assert not verdict.accepted
    assert "digit 2" in verdict.reason


def test_predicts_all_images(small_mnist_file):
    few = mnist.load(*small_mnist_file).test[np.arange(5)]
    recognizer = Recognizer((BASE / "model.tflite").read_bytes())
    assert (predict_all(recognizer, few) == few.labels).mean() >= 0.8
