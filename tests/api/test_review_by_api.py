"""POST .../approve/ and .../reject/: reviewers can use the API instead of the review pages."""

import json
import threading

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection

from recognizer.models import Label, Submission
from tests.support.factories import Visitor, client_with_key, drawing_png

pytestmark = pytest.mark.database


@pytest.fixture
def program(reviewer):
    return client_with_key(reviewer, "review")


def decide(client, row, action, **body):
    return client.post(
        f"/api/v1/submissions/{row.id}/{action}/", json.dumps(body), content_type="application/json"
    )


def test_approves_the_label(visitor, program, reviewer):
    row = visitor.submit_and_get(drawing_png(7), digit=1)
    response = decide(program, row, "approve", digit=1)
    assert response.status_code == 200
    assert response.json()["label"]["digit"] == 1
    row.refresh_from_db()
    assert (row.review, row.label, row.reviewed_by) == ("approved", Label.ONE, reviewer)
    assert "Approved as 1." in LogEntry.objects.get(object_id=row.pk).get_change_message()


@pytest.mark.parametrize(("digit", "label"), [(4, Label.FOUR), (None, Label.NOT_A_DIGIT)])
def test_approves_another_label(visitor, program, digit, label):
    row = visitor.submit_and_get(drawing_png(7), digit=1)
    assert decide(program, row, "approve", digit=digit).json()["label"]["digit"] == digit
    row.refresh_from_db()
    assert row.label == label


def test_rejects_a_submission(visitor, program):
    row = visitor.submit_and_get(digit=1)
    assert decide(program, row, "reject").json()["review"] == "rejected"
    row.refresh_from_db()
    assert (row.review, row.label) == ("rejected", None)


def test_reviewer_can_use_a_session(visitor, reviewer_client):
    row = visitor.submit_and_get(digit=1)
    assert decide(reviewer_client, row, "approve", digit=1).status_code == 200


def test_approval_requires_a_label(visitor, program):
    row = visitor.submit_and_get(digit=1)
    response = decide(program, row, "approve")
    assert (response.status_code, list(response.json()["fields"])) == (400, ["digit"])
    row.refresh_from_db()
    assert row.review == "pending"
    assert not LogEntry.objects.filter(object_id=row.pk).exists()


@pytest.mark.parametrize("first", ["approve", "reject"])
@pytest.mark.parametrize("second", ["approve", "reject"])
def test_does_not_overwrite_a_review(visitor, program, first, second):
    row = visitor.submit_and_get(digit=1)
    assert decide(program, row, first, digit=1).status_code == 200
    before = Submission.objects.filter(pk=row.pk).values().get()
    response = decide(program, row, second, digit=5)
    assert (response.status_code, response.json()["code"]) == (409, "already_reviewed")
    assert Submission.objects.filter(pk=row.pk).values().get() == before


@pytest.mark.parametrize("action", ["approve", "reject"])
def test_only_reviewers_can_review(visitor, action, django_user_model):
    row = visitor.submit_and_get(digit=1)
    assert decide(visitor, row, action, digit=1).status_code == 401
    ana = django_user_model.objects.create_user("ana", is_staff=True)
    assert decide(client_with_key(ana, "review"), row, action, digit=1).status_code == 403
    row.refresh_from_db()
    assert row.review == "pending"


@pytest.mark.parametrize("action", ["approve", "reject"])
def test_needs_the_scope_review(visitor, reviewer, action):
    row = visitor.submit_and_get(digit=1)
    response = decide(client_with_key(reviewer, "read", "submit"), row, action, digit=1)
    assert (response.status_code, response.json()["code"]) == (403, "permission_denied")


@pytest.mark.parametrize("digit", [10, -1, "7", True, 1.5])
def test_rejects_invalid_digits(visitor, program, digit):
    row = visitor.submit_and_get(digit=1)
    assert decide(program, row, "approve", digit=digit).status_code == 400


def test_returns_404_for_an_unknown_id(visitor, program):
    row = visitor.submit_and_get()
    row.delete()
    row.id = "16a77309-69e2-4dae-84cb-44ae48414340"
    assert decide(program, row, "reject").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_one_of_several_concurrent_reviews_succeeds(reviewer):
    row = Visitor().submit_and_get(digit=1)
    responses = []

    def approve(digit):
        responses.append(decide(client_with_key(reviewer, "review"), row, "approve", digit=digit))
        connection.close()

    threads = [threading.Thread(target=approve, args=[digit]) for digit in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    winners = [response.json() for response in responses if response.status_code == 200]
    assert sorted(response.status_code for response in responses) == [200, *[409] * 5]
    row.refresh_from_db()
    assert row.label == winners[0]["label"]["digit"]
    assert LogEntry.objects.filter(object_id=row.pk).count() == 1
