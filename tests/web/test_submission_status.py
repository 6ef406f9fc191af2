"""The fields `status`, `learned_in` and `is_correct` of a submission in the API."""

import pytest

from recognizer.models import Label, Submission
from recognizer.serving import model_registry
from tests.support import factories
from tests.support.factories import corrupt, create_version, drawing_png

pytestmark = pytest.mark.database


@pytest.fixture
def seven(visitor):
    return visitor.submit_and_get(drawing_png(7), digit=7)


@pytest.fixture
def status_of(visitor):
    """Return a function that gets the three fields. The detail and the list must agree."""

    def get(row):
        detail = visitor.get(f"/api/v1/submissions/{row.pk}/").json()
        listed = {one["id"]: one for one in visitor.get("/api/v1/submissions/").json()["results"]}
        found = [
            (one["status"], one["learned_in"], one["is_correct"])
            for one in (detail, listed[str(row.pk)])
        ]
        assert found[0] == found[1]
        return found[0]

    return get


def learn(row, parent):
    """Promote a version that was trained on the submission, and return it."""
    version = create_version(parent)
    model_registry.promote(version, by="a test")
    factories.learn(version, row)
    return version


def test_status_changes_from_pending_to_learned(seven, reviewer, status_of):
    assert status_of(seven) == ("pending", None, None)
    seven.approve(reviewer, Label.SEVEN)
    assert status_of(seven) == ("approved", None, True)
    learn(seven, model_registry.live_version())
    assert status_of(seven) == ("learned", 2, True)


def test_status_of_a_rejected_submission_is_rejected(seven, reviewer, status_of):
    seven.reject(reviewer)
    assert status_of(seven) == ("rejected", None, None)


def test_reopened_submission_stays_learned_in_version(seven, reviewer, status_of):
    seven.approve(reviewer, Label.SEVEN)
    learn(seven, model_registry.live_version())
    seven.reopen()
    assert status_of(seven) == ("pending", 2, None)
    seven.reject(reviewer)
    assert status_of(seven) == ("rejected", 2, None)


def test_prediction_that_differs_from_label_is_not_correct(seven, reviewer, status_of):
    seven.approve(reviewer, Label.ONE)
    assert status_of(seven) == ("approved", None, False)


def test_is_correct_uses_prediction_of_live_version(seven, reviewer, status_of):
    seven.approve(reviewer, Label.SEVEN)
    Submission.objects.update(
        predicted_digit=Label.ONE
    )  # as if an earlier version had predicted it
    assert status_of(seven) == ("approved", None, True)


def test_label_not_a_digit_is_compared_too(visitor, reviewer, status_of):
    row = visitor.submit_and_get(drawing_png(3))
    row.approve(reviewer, Label.NOT_A_DIGIT)
    assert status_of(row) == ("approved", None, False)


def test_roll_back_does_not_change_learned_in(seven, reviewer, status_of):
    base = model_registry.live_version()
    seven.approve(reviewer, Label.SEVEN)
    learn(seven, base)
    model_registry.promote(base, by="a test")
    assert status_of(seven) == ("learned", 2, True)


def test_responses_to_submit_and_correct_include_status(visitor):
    body = visitor.submit(drawing_png(7)).json()
    assert (body["status"], body["learned_in"], body["is_correct"]) == ("pending", None, None)
    assert visitor.correct(body["id"], 7).json()["status"] == "pending"


def test_query_count_does_not_grow_with_submissions(visitor, reviewer, django_assert_num_queries):
    for number in (1, 24):
        for seed in range(number):
            row = visitor.submit_and_get(drawing_png(number % 10, seed))
            row.approve(reviewer, Label.TWO)
        factories.learn(create_version(model_registry.live_version()), *Submission.objects.all())
        with django_assert_num_queries(1):  # the page with its versions
            page = visitor.get("/api/v1/submissions/").json()["results"]
        assert {row["status"] for row in page} == {"learned"}


def test_fields_are_read_only(visitor):
    body = visitor.submit(drawing_png(7), status="learned", learned_in=1, is_correct=True).json()
    assert (body["status"], body["learned_in"]) == ("pending", None)


def test_status_without_usable_version(seven, reviewer, status_of, monkeypatch):
    seven.approve(reviewer, Label.SEVEN)
    corrupt(model_registry.live_version())
    monkeypatch.setattr(model_registry, "_loaded", None)
    assert status_of(seven) == ("approved", None, None)
