"""No owner and no label dominates the training data.

Duplicates count once, and the number of drawings per owner and per label is capped.
"""

import uuid

import numpy as np
import pytest

from recognizer.models import Label
from recognizer.training.caps import MIN_CAP
from recognizer.training.training_data import load_drawings, select
from tests.support.factories import approved_submissions

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def approve():
    """Return a function that stores approved submissions of one owner.

    By default, the owner is a new one, and the pixels are random. The labels are confirmed, because
    the base does not predict a digit for random pixels.
    """
    rng = np.random.default_rng(0)

    def store(labels, owner=None, pixels=None):
        size = (len(labels), 28, 28)
        ink = rng.integers(0, 256, size, np.uint8) if pixels is None else np.full(size, pixels)
        return approved_submissions(owner or uuid.uuid4(), ink, labels, label_confirmed=True)

    return store


def test_trains_on_ten_drawings_of_a_single_owner(approve):
    rows = approve([0] * 10)
    selection = select(include_pending=False)
    assert {row.id for row in selection.training} == {row.id for row in rows}
    assert selection.counts == {
        "training": 10,
        "new": 10,
        "held_out": 0,
        "held_out_owners": 0,
        "duplicates": 0,
        "mnist_evaluation": 0,
        "over_cap": 0,
        "owner_trained": 0,
        "pending_held_out": 0,
        "held_out_unused": 0,
    }


def test_trains_on_or_holds_out_all_drawings_below_the_cap(approve):
    for _ in range(20):
        approve([*range(10)] * 3)
    selection = select(include_pending=False)
    assert len(selection.training) + len(selection.held_out) == 600
    assert not any(selection.left_out_counts.values())


def test_caps_the_share_of_an_owner(approve):
    for _ in range(3):
        approve([*range(10)])
    prolific = uuid.uuid4()
    approve([*range(10)] * 40, owner=prolific)
    selection = select(include_pending=False)
    assert sum(row.owner == prolific for row in selection.training) == MIN_CAP
    assert selection.counts["over_cap"] == 400 - MIN_CAP


def test_caps_the_share_of_a_label(approve):
    for label in range(10):
        approve([label] * 10)
    for _ in range(10):
        approve([3] * 40)
    selection = select(include_pending=False)
    assert sum(row.effective_label == 3 for row in selection.training) <= MIN_CAP


def test_identical_pixels_of_several_owners_count_once(approve):
    pixels = np.random.default_rng(1).integers(0, 256, (28, 28), np.uint8)
    for _ in range(4):
        approve([7], pixels=pixels)
    selection = select(include_pending=False)
    assert selection.counts["training"] == 1
    assert selection.counts["duplicates"] == 3


def test_near_duplicates_of_one_owner_count_once(approve):
    owner, pixels = uuid.uuid4(), np.random.default_rng(1).integers(0, 200, (28, 28), np.uint8)
    for offset in range(4):
        approve([7], owner=owner, pixels=(pixels + offset).astype(np.uint8))
    approve([7], pixels=pixels)
    assert select(include_pending=False).counts["duplicates"] == 4


def test_same_pixels_with_another_label_are_not_duplicates(approve):
    pixels = np.random.default_rng(1).integers(0, 256, (28, 28), np.uint8)
    approve([7, 1], pixels=pixels)
    assert select(include_pending=False).counts["training"] == 2


def test_loads_pixels_and_labels(approve):
    approve([Label.FIVE, Label.NOT_A_DIGIT])
    drawings = load_drawings(select(include_pending=False).training)
    assert drawings.pixels.shape == (2, 28, 28)
    assert sorted(drawings.labels) == [5, 10]
