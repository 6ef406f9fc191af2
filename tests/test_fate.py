"""What became of a submission: `fate`, `learned_in` and `reads_it_right` in the API."""

import pytest
from kit import drawing, new_version

from recognizer import registry
from recognizer.models import Answer, ModelFiles, Submission


@pytest.fixture
def seven(visitor):
    return visitor.submitted(drawing(7), digit=7)


@pytest.fixture
def fate(visitor):
    """Asks for a submission, alone and in the list: both say the same."""

    def ask(row):
        alone = visitor.get(f"/api/v1/submissions/{row.pk}/").json()
        listed = {one["id"]: one for one in visitor.get("/api/v1/submissions/").json()["results"]}
        both = [
            (one["fate"], one["learned_in"], one["reads_it_right"])
            for one in (alone, listed[str(row.pk)])
        ]
        assert both[0] == both[1]
        return both[0]

    return ask


def learned(row, parent):
    """As if `retrain` had put a version live that learned it; returns the version."""
    version = new_version(parent)
    registry.promote(version, by="a test")
    Submission.objects.filter(pk=row.pk).update(learned_in=version)
    return version


def test_from_pending_to_learned(seven, reviewer, fate):
    assert fate(seven) == ("pending", None, None)
    seven.approve(reviewer, Answer.SEVEN)
    assert fate(seven) == ("approved", None, True)
    learned(seven, registry.live_version())
    assert fate(seven) == ("learned", 2, True)


def test_rejected(seven, reviewer, fate):
    seven.reject(reviewer)
    assert fate(seven) == ("rejected", None, None)


def test_an_approval_that_was_taken_back_after_learning(seven, reviewer, fate):
    seven.approve(reviewer, Answer.SEVEN)
    learned(seven, registry.live_version())
    seven.reopen()
    assert fate(seven) == ("pending", 2, None)
    seven.reject(reviewer)
    assert fate(seven) == ("rejected", 2, None)


def test_read_as_something_else_than_the_label(seven, reviewer, fate):
    seven.approve(reviewer, Answer.ONE)
    assert fate(seven) == ("approved", None, False)


def test_it_is_read_anew(seven, reviewer, fate):
    seven.approve(reviewer, Answer.SEVEN)
    Submission.objects.update(predicted_digit=Answer.ONE)  # as if an earlier version had
    assert fate(seven) == ("approved", None, True)


def test_not_a_digit_is_a_label_too(visitor, reviewer, fate):
    row = visitor.submitted(drawing(3))
    row.approve(reviewer, Answer.NOT_A_DIGIT)
    assert fate(row) == ("approved", None, False)


def test_a_roll_back_leaves_what_was_learned(seven, reviewer, fate):
    base = registry.live_version()
    seven.approve(reviewer, Answer.SEVEN)
    learned(seven, base)
    registry.promote(base, by="a test")
    assert fate(seven) == ("learned", 2, True)


def test_the_answers_to_submit_and_correct_tell_it_too(visitor):
    body = visitor.submit(drawing(7)).json()
    assert (body["fate"], body["learned_in"], body["reads_it_right"]) == ("pending", None, None)
    assert visitor.correct(body["id"], 7).json()["fate"] == "pending"


def test_a_page_costs_the_same_for_one_and_for_many(visitor, reviewer, django_assert_num_queries):
    for several in (1, 24):
        for seed in range(several):
            row = visitor.submitted(drawing(several % 10, seed))
            row.approve(reviewer, Answer.TWO)
        Submission.objects.update(learned_in=registry.live_version())
        with django_assert_num_queries(2):  # the session, the page with its versions
            page = visitor.get("/api/v1/submissions/").json()["results"]
        assert {row["fate"] for row in page} == {"learned"}


def test_it_cannot_be_set(visitor):
    body = visitor.submit(drawing(7), fate="learned", learned_in=1, reads_it_right=True).json()
    assert (body["fate"], body["learned_in"]) == ("pending", None)


def test_where_no_version_can_be_served_the_list_still_comes(seven, reviewer, fate, monkeypatch):
    seven.approve(reviewer, Answer.SEVEN)
    ModelFiles.objects.update(model=b"")
    monkeypatch.setattr(registry, "_served", None)
    assert fate(seven) == ("approved", None, None)
