"""POST .../approve/ and .../reject/: reviewing from a program."""

import json
import threading

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from kit import Visitor, drawing, key_of

from recognizer.models import Answer, Submission


@pytest.fixture
def program(reviewer):
    return key_of(reviewer, "review")


def decide(client, row, verb, **body):
    return client.post(
        f"/api/v1/submissions/{row.id}/{verb}/", json.dumps(body), content_type="application/json"
    )


def test_approve_what_the_visitor_said(visitor, program, reviewer):
    row = visitor.submitted(drawing(7), digit=1)
    response = decide(program, row, "approve")
    assert response.status_code == 200
    assert response.json()["label"]["digit"] == 1
    row.refresh_from_db()
    assert (row.review, row.label, row.reviewed_by) == ("approved", Answer.ONE, reviewer)
    assert "Approved as 1." in LogEntry.objects.get(object_id=row.pk).get_change_message()


@pytest.mark.parametrize(("digit", "label"), [(4, Answer.FOUR), (None, Answer.NOT_A_DIGIT)])
def test_approve_as_something_else(visitor, program, digit, label):
    row = visitor.submitted(drawing(7), digit=1)
    assert decide(program, row, "approve", digit=digit).json()["label"]["digit"] == digit
    row.refresh_from_db()
    assert row.label == label


def test_reject(visitor, program):
    row = visitor.submitted(digit=1)
    assert decide(program, row, "reject").json()["review"] == "rejected"
    row.refresh_from_db()
    assert (row.review, row.label) == ("rejected", None)


def test_with_a_session(visitor, desk):
    row = visitor.submitted(digit=1)
    assert decide(desk, row, "approve").status_code == 200


def test_the_visitor_did_not_say(visitor, program):
    row = visitor.submitted()
    response = decide(program, row, "approve")
    assert (response.status_code, response.json()["code"]) == (409, "no_label")
    row.refresh_from_db()
    assert row.review == "pending"
    assert not LogEntry.objects.filter(object_id=row.pk).exists()


@pytest.mark.parametrize("first", ["approve", "reject"])
@pytest.mark.parametrize("second", ["approve", "reject"])
def test_no_review_is_overwritten(visitor, program, first, second):
    row = visitor.submitted(digit=1)
    decide(program, row, first)
    before = Submission.objects.filter(pk=row.pk).values().get()
    response = decide(program, row, second, digit=5)
    assert (response.status_code, response.json()["code"]) == (409, "already_reviewed")
    assert Submission.objects.filter(pk=row.pk).values().get() == before


@pytest.mark.parametrize("verb", ["approve", "reject"])
def test_only_reviewers(visitor, verb, django_user_model):
    row = visitor.submitted(digit=1)
    assert decide(visitor, row, verb).status_code == 401
    ana = django_user_model.objects.create_user("ana", is_staff=True)
    assert decide(key_of(ana, "review"), row, verb).status_code == 403
    row.refresh_from_db()
    assert row.review == "pending"


@pytest.mark.parametrize("verb", ["approve", "reject"])
def test_only_with_the_scope(visitor, reviewer, verb):
    row = visitor.submitted(digit=1)
    response = decide(key_of(reviewer, "read", "submit"), row, verb)
    assert (response.status_code, response.json()["code"]) == (403, "permission_denied")


@pytest.mark.parametrize("digit", [10, -1, "7", True, 1.5])
def test_no_digit(visitor, program, digit):
    row = visitor.submitted(digit=1)
    assert decide(program, row, "approve", digit=digit).status_code == 400


def test_nothing_there(visitor, program):
    row = visitor.submitted()
    row.delete()
    row.id = "16a77309-69e2-4dae-84cb-44ae48414340"
    assert decide(program, row, "reject").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_one_decides(reviewer):
    row = Visitor().submitted(digit=1)
    answers = []

    def ask(digit):
        answers.append(decide(key_of(reviewer, "review"), row, "approve", digit=digit))
        connection.close()

    threads = [threading.Thread(target=ask, args=[digit]) for digit in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    winners = [answer.json() for answer in answers if answer.status_code == 200]
    assert sorted(answer.status_code for answer in answers) == [200, *[409] * 5]
    row.refresh_from_db()
    assert row.label == winners[0]["label"]["digit"]
    assert LogEntry.objects.filter(object_id=row.pk).count() == 1
