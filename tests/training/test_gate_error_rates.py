"""Simulate the gate: how often it rejects a good candidate, and accepts a worse one.

The models of the simulation are equally good, unless a test says otherwise, but each has errors of
its own. Their rates are those measured between versions that were trained on honest corrections.
"""

import numpy as np
import pytest

from ml.data.mnist import LabelledImages
from ml.evaluation.model_comparison import Verdict
from recognizer.training.candidate_evaluation import (
    DIGITS_MARGIN,
    HELD_OUT_MARGIN,
    LABEL_MARGIN,
    NEGATIVES_DIGIT_MARGIN,
    NEGATIVES_MARGIN,
    EvaluationSet,
    compare_all,
)

ROUNDS = 400
EARLIER_VERSIONS = 5
OWNERS = 20


def evaluation_set(name, size, margin, label_margin=None, owner_count=None):
    labels = np.full(size, 10) if name == "negatives" else np.arange(size) % 10
    data = LabelledImages(np.empty((size, 0), np.uint8), labels.astype(np.uint8))
    owners = None if owner_count is None else np.arange(size) % owner_count
    return EvaluationSet(name, name, data, margin, label_margin, owners)


# Each set, and the share of its images on which a model errs and another, equally good one does
# not.
SETS = [
    (evaluation_set("mnist_validation", 3000, DIGITS_MARGIN), 0.001),
    (evaluation_set("all_styles", 6459, DIGITS_MARGIN, LABEL_MARGIN), 0.0015),
    (evaluation_set("negatives", 3000, NEGATIVES_MARGIN, NEGATIVES_DIGIT_MARGIN), 0.009),
    (evaluation_set("held_out_corrections", 1000, HELD_OUT_MARGIN, owner_count=OWNERS), 0.002),
]


def predict(each, errors, rng):
    """Return the predictions of a model that errs on the share `errors` of the images."""
    labels = each.data.labels
    is_wrong = rng.random(len(labels)) < errors
    return np.where(is_wrong, (labels + 1 + rng.integers(9, size=len(labels))) % 10, labels)


def accepts(each, live, best, candidate):
    """Return whether the gate accepts the candidate on one set."""
    comparisons = compare_all(each, "", live, candidate) + compare_all(each, "", best, candidate)
    return all(comparison.verdict != Verdict.WORSE for comparison in comparisons)


def acceptance_rate(sets, rng, loss=0.0):
    """Return the share of candidates that the gate accepts on all sets.

    A candidate loses the share `loss` of the images, compared with the live version and with the
    best of the earlier versions. The best is the one with the fewest errors on `all_styles`.
    """
    accepted = 0
    for _ in range(ROUNDS):
        results = []
        for each, errors in sets:
            live, *earlier = (predict(each, errors, rng) for _ in range(1 + EARLIER_VERSIONS))
            best = earlier[0] if each.name != "all_styles" else most_correct(each, [live, *earlier])
            results.append(accepts(each, live, best, predict(each, errors + loss, rng)))
        accepted += all(results)
    return accepted / ROUNDS


def most_correct(each, versions):
    return max(versions, key=lambda predicted: (predicted == each.data.labels).sum())


def test_accepts_an_equally_good_candidate_in_19_of_20_cases():
    assert acceptance_rate(SETS, np.random.default_rng(1)) >= 0.95


@pytest.mark.parametrize("number", range(len(SETS)))
def test_rejects_a_candidate_that_is_worse_by_the_margin_in_19_of_20_cases(number):
    each, errors = SETS[number]
    assert acceptance_rate([(each, errors)], np.random.default_rng(2), each.margin) <= 0.05


def test_rejects_a_candidate_that_loses_one_point_of_1000_drawings_in_19_of_20_cases():
    held_out = SETS[-1]
    assert len(held_out[0].data) == 1000
    assert acceptance_rate([held_out], np.random.default_rng(3), loss=0.01) <= 0.05


@pytest.mark.parametrize("loss_per_training", [0.0005, 0.001, 0.002])
def test_ten_losing_trainings_together_lose_less_than_the_margin(loss_per_training):
    """Each candidate loses a little, compared with the live version it started from."""
    each, errors = SETS[0]
    rng, too_much = np.random.default_rng(4), 0
    for _ in range(ROUNDS):
        hardness = rng.random(len(each.data))
        live_loss = 0.0
        versions = [drifted(each, errors, live_loss, hardness, rng)]
        for _ in range(10):
            candidate = drifted(each, errors, live_loss + loss_per_training, hardness, rng)
            if accepts(each, versions[-1], most_correct(each, versions), candidate):
                live_loss += loss_per_training
                versions.append(candidate)
        too_much += live_loss > each.margin
    assert too_much / ROUNDS <= 0.05


def drifted(each, errors, loss, hardness, rng):
    """Return the predictions of a model that also errs on the hardest images, a share `loss`."""
    predicted = predict(each, errors, rng)
    return np.where(hardness < loss, (each.data.labels + 1) % 10, predicted)
