"""Once visitors have corrected a drawing, their uncorrected drawings adjust predictions, too."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from recognizer.models import Label, Submission, remembered_drawings, remembered_state
from recognizer.models.personal_memory import MIN_CONFIDENCE, RECENT_SIZE
from recognizer.models.submission_queryset import MEMORY_SIZE
from tests.api.test_personal_memory import square_png, teach_zero
from tests.support.factories import Visitor, drawing_png

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def uncorrected():
    """Return the ids and the labels of the uncorrected drawings that adjust predictions."""
    state = remembered_state(Submission.objects.first().owner)
    return {str(d.pk): d.label for d in remembered_drawings(state or "") if not d.is_corrected}


def submit_sevens(visitor, count):
    """Submit sevens that the network recognizes, and return their ids."""
    rows = [visitor.submit(drawing_png(7, seed)).json() for seed in range(count)]
    assert all(row["digit"] == 7 and row["confidence"] > MIN_CONFIDENCE for row in rows)
    return [row["id"] for row in rows]


def test_uncorrected_drawings_raise_the_confidence_in_their_digit(visitor):
    taught = teach_zero(visitor, 1)
    before = visitor.recognize(square_png(9)).json()
    squares = [visitor.submit(square_png(seed)).json() for seed in (2, 3, 4)]
    assert [square["digit"] for square in squares] == [0, 0, 0]
    after = visitor.recognize(square_png(9)).json()
    assert after["confidence"] > before["confidence"]
    # Neighbours are drawings with a label that a person gave.
    assert after["personal"]["neighbours"] == taught


def test_the_newest_drawing_does_not_count_yet(visitor):
    teach_zero(visitor, 1)
    first, second, _third = submit_sevens(visitor, 3)
    assert uncorrected() == {first: 7, second: 7}


def test_without_corrections_no_drawing_counts(visitor):
    submit_sevens(visitor, 3)
    assert remembered_state(Submission.objects.first().owner) is None


def test_the_label_is_the_one_that_the_visitor_saw(visitor):
    teach_zero(visitor, 1, 2, 3)
    square = visitor.submit(square_png(9)).json()
    assert (square["digit"], square["personal"]["network_digit"]) == (0, None)
    submit_sevens(visitor, 1)
    assert uncorrected() == {square["id"]: 0}


def test_the_reviewers_label_wins(visitor, reviewer):
    teach_zero(visitor, 1)
    first, *_ = submit_sevens(visitor, 2)
    Submission.objects.get(pk=first).approve(reviewer, Label.ONE)
    assert uncorrected() == {first: 1}
    Submission.objects.get(pk=first).reopen()
    Submission.objects.get(pk=first).reject(reviewer)
    assert uncorrected() == {}


def test_uncertain_predictions_and_predictions_of_no_digit_do_not_count(visitor):
    teach_zero(visitor, 1)
    unsure, scribble, _newest = submit_sevens(visitor, 3)
    Submission.objects.filter(pk=unsure).update(confidence=0.5, personal_prediction=None)
    Submission.objects.filter(pk=scribble).update(
        predicted_digit=Label.NOT_A_DIGIT, confidence=1, personal_prediction=None
    )
    assert uncorrected() == {}


def test_only_the_newest_drawings_count(visitor):
    teach_zero(visitor, 1)
    old, *_ = submit_sevens(visitor, 2)
    row = Submission.objects.get(pk=old)
    assert old in uncorrected()
    for i in range(RECENT_SIZE):
        row.pk, row.created, row.image_sha256 = uuid.uuid4(), timezone.now(), bytes([i] * 32)
        row.save(force_insert=True)
    assert old not in uncorrected()
    assert len(uncorrected()) == RECENT_SIZE


def test_no_drawing_counts_next_to_a_nearly_full_memory(visitor):
    (taught,) = teach_zero(visitor, 1)
    submit_sevens(visitor, 2)
    row = Submission.objects.get(pk=taught)
    for i in range(MEMORY_SIZE - RECENT_SIZE - 1):
        row.pk, row.image_sha256 = uuid.uuid4(), bytes([i] * 32)
        row.created -= timedelta(seconds=1)
        row.save(force_insert=True)
    assert len(uncorrected()) == 1
    row.pk, row.image_sha256 = uuid.uuid4(), bytes([255] * 32)
    row.save(force_insert=True)
    assert uncorrected() == {}


def test_a_correction_replaces_the_predicted_label(visitor):
    teach_zero(visitor, 1)
    first, *_ = submit_sevens(visitor, 2)
    visitor.correct(first, 1)
    assert uncorrected() == {}


def test_a_deleted_drawing_no_longer_counts(visitor):
    teach_zero(visitor, 1)
    first, second, _third = submit_sevens(visitor, 3)
    visitor.delete(f"/api/v1/submissions/{first}/")
    assert uncorrected() == {second: 7}


def test_forgotten_drawings_do_not_return_with_the_next_correction(visitor):
    teach_zero(visitor, 1)
    submit_sevens(visitor, 2)
    visitor.post("/mine/memory/forget/")
    teach_zero(visitor, 2)
    assert uncorrected() == {}


def test_drawings_of_other_people_do_not_count(visitor):
    teach_zero(visitor, 1)
    submit_sevens(Visitor(), 3)
    assert uncorrected() == {}
