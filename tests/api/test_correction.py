"""POST /api/v1/submissions/{id}/correction/: the owner corrects or confirms the prediction."""

import uuid
from datetime import datetime

import pytest

from recognizer.models import Label, Submission
from tests.support.factories import Visitor, drawing_png
from tests.support.threads import run_at_once

pytestmark = pytest.mark.database


def test_stores_the_corrected_digit(visitor):
    row = visitor.submit_and_get(drawing_png(7))
    response = visitor.correct(row.id, 1)
    assert response.status_code == 200
    assert response.json()["correction"]["digit"] == 1
    row.refresh_from_db()
    assert row.corrected_digit == 1
    assert row.corrected_at is not None
    assert row.review == "pending"


def test_confirmation_is_stored_as_a_correction(visitor):
    row = visitor.submit_and_get(drawing_png(7), digit=7)
    assert row.corrected_digit == row.predicted_digit == 7


def test_stores_not_a_digit(visitor):
    row = visitor.submit_and_get(drawing_png(7), digit=None)
    assert row.corrected_digit == Label.NOT_A_DIGIT
    body = visitor.get(f"/api/v1/submissions/{row.id}/").json()
    assert body["correction"]["digit"] is None


def test_correction_can_be_changed(visitor):
    row = visitor.submit_and_get(digit=1)
    assert visitor.correct(row.id, 2).status_code == 200
    row.refresh_from_db()
    assert row.corrected_digit == 2


def test_repeating_a_correction_does_not_change_its_time(visitor, reviewer):
    row = visitor.submit_and_get(digit=2)
    seen = Submission.objects.get(pk=row.pk)
    response = visitor.correct(row.id, 2)
    assert response.status_code == 200
    assert datetime.fromisoformat(response.json()["correction"]["at"]) == row.corrected_at
    seen.approve(reviewer, Label.TWO)  # raises an error if the correction has changed


def test_repeating_a_correction_remembers_the_drawing_again(visitor):
    row = visitor.submit_and_get(digit=2)
    Submission.objects.filter(pk=row.pk).forget()
    visitor.correct(row.id, 2)
    row.refresh_from_db()
    assert row.remembered


@pytest.mark.parametrize("digit", [11, 10, -1, "7", 7.5, 7.0, True, [7], {}, "null"])
def test_rejects_invalid_digits(visitor, digit):
    row = visitor.submit_and_get()
    response = visitor.correct(row.id, digit)
    assert (response.status_code, response.json()["code"]) == (400, "invalid")
    assert list(response.json()["fields"]) == ["digit"]
    row.refresh_from_db()
    assert row.corrected_digit is None


@pytest.mark.parametrize("body", [{}, {"digits": 7}, [], [7]])
def test_rejects_invalid_bodies(visitor, body):
    row = visitor.submit_and_get()
    response = visitor.post(
        f"/api/v1/submissions/{row.id}/correction/", body, content_type="application/json"
    )
    assert response.status_code == 400
    row.refresh_from_db()
    assert row.corrected_digit is None


def test_returns_404_for_a_submission_of_another_visitor(visitor, reviewer_client):
    row = visitor.submit_and_get()
    for other in (Visitor(), reviewer_client):
        response = other.correct(row.id, 3)
        assert (response.status_code, response.json()["code"]) == (404, "not_found")
    row.refresh_from_db()
    assert row.corrected_digit is None


@pytest.mark.parametrize("unknown_id", [uuid.uuid4(), "7", "x"])
def test_returns_404_for_an_unknown_id(visitor, unknown_id):
    assert visitor.correct(unknown_id, 3).status_code == 404


@pytest.mark.parametrize("decision", ["approved", "rejected"])
def test_returns_409_after_a_review(visitor, reviewer, decision):
    row = visitor.submit_and_get(digit=1)
    row.approve(reviewer, Label.ONE) if decision == "approved" else row.reject(reviewer)
    response = visitor.correct(row.id, 2)
    assert (response.status_code, response.json()["code"]) == (409, "already_reviewed")
    row.refresh_from_db()
    assert row.corrected_digit == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("seed", range(10))
def test_returns_404_if_the_submission_is_deleted_meanwhile(visitor, seed):
    row = visitor.submit_and_get(drawing_png(7, seed))
    correct = [lambda label=label: visitor.correct(row.id, label) for label in range(4)]
    *corrected, deleted = run_at_once(
        *correct, lambda: visitor.delete(f"/api/v1/submissions/{row.id}/")
    )
    assert deleted.status_code == 204
    assert {response.status_code for response in corrected} <= {200, 404}
    assert not Submission.objects.exists()
