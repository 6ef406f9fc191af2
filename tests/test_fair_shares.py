"""Nobody decides alone what is learned: copies count once, shares are fair. No training needed."""

import uuid

import numpy as np
import pytest
from kit import approved

from recognizer.corrections import ALWAYS, collect
from recognizer.models import Answer

pytestmark = pytest.mark.django_db


@pytest.fixture
def approve():
    """Stores approved submissions of one owner: a blot of random ink for each label."""
    rng = np.random.default_rng(0)

    def store(labels, owner=None, pixels=None):
        size = (len(labels), 28, 28)
        ink = rng.integers(0, 256, size, np.uint8) if pixels is None else np.full(size, pixels)
        return approved(owner or uuid.uuid4(), ink, labels)

    return store


def test_ten_corrections_of_one_person_are_all_learned(approve):
    rows = approve([0] * 10)
    found = collect(include_pending=False)
    assert {row.id for row in found.learned} == {row.id for row in rows}
    assert found.counts == {"learned": 10, "new": 10, "held_out": 0, "copies": 0, "over_share": 0}


def test_fair_people_are_all_learned_or_held_out(approve):
    for _ in range(20):
        approve([*range(10)] * 3)
    found = collect(include_pending=False)
    assert len(found.learned) + len(found.held_out) == 600
    assert found.left_out == {"copies": 0, "over_share": 0}


def test_one_person_cannot_outweigh_all_others(approve):
    for _ in range(3):
        approve([*range(10)])
    loud = uuid.uuid4()
    approve([*range(10)] * 40, owner=loud)
    found = collect(include_pending=False)
    assert sum(row.owner == loud for row in found.learned) == ALWAYS
    assert found.counts["over_share"] == 400 - ALWAYS


def test_one_label_cannot_outweigh_all_others(approve):
    for label in range(10):
        approve([label] * 10)
    for _ in range(10):
        approve([3] * 40)
    found = collect(include_pending=False)
    assert sum(row.said == 3 for row in found.learned) <= ALWAYS


def test_the_same_pixels_count_once_whoever_sent_them(approve):
    pixels = np.random.default_rng(1).integers(0, 256, (28, 28), np.uint8)
    for _ in range(4):
        approve([7], pixels=pixels)
    found = collect(include_pending=False)
    assert found.counts["learned"] == 1
    assert found.counts["copies"] == 3


def test_near_copies_of_one_person_count_once(approve):
    owner, pixels = uuid.uuid4(), np.random.default_rng(1).integers(0, 200, (28, 28), np.uint8)
    for more in range(4):
        approve([7], owner=owner, pixels=(pixels + more).astype(np.uint8))
    approve([7], pixels=pixels)
    assert collect(include_pending=False).counts["copies"] == 4


def test_copies_with_another_label_are_no_copies(approve):
    pixels = np.random.default_rng(1).integers(0, 256, (28, 28), np.uint8)
    approve([7, 1], pixels=pixels)
    assert collect(include_pending=False).counts["learned"] == 2


def test_labels_of_rows_become_arrays(approve):
    from recognizer.corrections import labels_of

    approve([Answer.FIVE, Answer.NOT_A_DIGIT])
    pixels, labels = labels_of(collect(include_pending=False).learned)
    assert pixels.shape == (2, 28, 28)
    assert sorted(labels) == [5, 10]
