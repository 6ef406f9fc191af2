"""Blind reviews, and the page that shows agreement and corrections that were not accepted."""

import uuid

import pytest

from recognizer.models import BlindReview, Label, Source, Submission
from recognizer.review import agreement, blind_reviews
from tests.support.review_helpers import claim, claimed_ids, decide, submissions, undo

pytestmark = [pytest.mark.django_db, pytest.mark.database]

PAGE = "/review/agreement/"


@pytest.fixture(autouse=True)
def _always_create_blind_reviews(monkeypatch):
    monkeypatch.setattr(blind_reviews, "PROBABILITY", 1)


@pytest.fixture
def reviewed_by_ada(ada):
    (row,) = submissions(corrected_digit=1)
    row.approve(ada, Label.ONE)
    return row


@pytest.fixture
def pending():
    (row,) = submissions()
    return row


def test_card_of_blind_review_does_not_show_first_decision(
    reviewer_client, reviewed_by_ada, pending
):
    cards = {card["id"]: card for card in claim(reviewer_client)["cards"]}
    assert cards.keys() == {str(reviewed_by_ada.pk), str(pending.pk)}
    card = cards[str(reviewed_by_ada.pk)]
    assert card.keys() == cards[str(pending.pk)].keys()
    assert "approved" not in str(card)
    assert "ada" not in str(card | {"model_input": "base64 can contain any letters"})


@pytest.mark.parametrize(
    ("action", "label", "agrees"),
    [("approve", 1, True), ("approve", 7, False), ("reject", None, False)],
)
def test_blind_review_is_counted_and_does_not_change_submission(
    reviewer_client, reviewer, reviewed_by_ada, pending, ada, action, label, agrees
):
    claimed_ids(reviewer_client)
    assert decide(reviewer_client, reviewed_by_ada, action, label).status_code == 200
    review = BlindReview.objects.get()
    assert (review.reviewer, review.label, review.agrees) == (reviewer, label, agrees)
    reviewed_by_ada.refresh_from_db()
    first = (reviewed_by_ada.review, reviewed_by_ada.label, reviewed_by_ada.reviewed_by)
    assert first == ("approved", 1, ada)
    (row,) = reviewer_client.get(PAGE).context["reviewers"]
    assert (row["reviewer__username"], row["reviews"], row["agreed"]) == ("rosa", 1, int(agrees))
    assert len(agreement.disagreements()) == (not agrees)


@pytest.mark.parametrize(
    ("blind", "change", "listed"),
    [
        (Label.ONE, lambda row, ada: None, 0),
        (Label.ONE, lambda row, ada: row.approve(ada, Label.SEVEN), 1),
        (Label.ONE, lambda row, ada: row.reject(ada), 1),
        (Label.ONE, lambda row, ada: row.reopen(), 0),
        (Label.SEVEN, lambda row, ada: None, 1),
        (Label.SEVEN, lambda row, ada: row.reopen(), 0),
        (Label.SEVEN, lambda row, ada: row.approve(ada, Label.SEVEN), 0),
        (Label.SEVEN, lambda row, ada: row.approve(ada, Label.TWO), 1),
        (Label.SEVEN, lambda row, ada: row.reject(ada), 1),
        (None, lambda row, ada: row.reject(ada), 0),
        (None, lambda row, ada: row.reopen(), 0),
        (None, lambda row, ada: row.approve(ada, Label.TWO), 1),
    ],
)
def test_lists_only_disagreements_with_the_current_review(
    reviewed_by_ada, reviewer, ada, blind, change, listed
):
    BlindReview.objects.create(submission=reviewed_by_ada, reviewer=reviewer).record(blind)
    change(reviewed_by_ada, ada)
    assert len(agreement.disagreements()) == listed


def test_unanswered_blind_review_is_no_disagreement(reviewed_by_ada, reviewer):
    BlindReview.objects.create(submission=reviewed_by_ada, reviewer=reviewer)
    assert agreement.disagreements() == []


def test_reviewer_who_changes_the_review_does_not_disagree(reviewed_by_ada, reviewer):
    BlindReview.objects.create(submission=reviewed_by_ada, reviewer=reviewer).record(Label.ONE)
    reviewed_by_ada.approve(reviewer, Label.SEVEN)
    assert agreement.disagreements() == []


def test_percentage_counts_the_decisions_at_that_time(reviewer_client, reviewer, ada):
    rows = submissions(3)
    for row, label in zip(rows, (Label.ONE, Label.ONE, Label.TWO), strict=True):
        row.approve(ada, Label.ONE)
        BlindReview.objects.create(submission=row, reviewer=reviewer).record(label)
    rows[0].approve(ada, Label.SEVEN)
    page = reviewer_client.get(PAGE).content.decode()
    assert "2 (67%)" in page
    assert "as they were at the time of the blind review" in page


def test_rejected_submissions_get_blind_reviews_too(reviewer_client, pending, ada):
    (row,) = submissions()
    row.reject(ada)
    claimed_ids(reviewer_client)
    decide(reviewer_client, row, "reject")
    assert BlindReview.objects.get().agrees is True


def test_undo_removes_blind_decision_for_good(reviewer_client, reviewed_by_ada, pending):
    """After the undo, the reviewer can have seen the first review, so no decision is blind."""
    claimed_ids(reviewer_client)
    decided_at = decide(reviewer_client, reviewed_by_ada, "approve", 7).json()["decided_at"]
    for _ in range(2):  # the response to the first request may get lost
        assert undo(reviewer_client, reviewed_by_ada, decided_at).status_code == 200
    assert decide(reviewer_client, reviewed_by_ada, "approve", 1).status_code == 200
    review = BlindReview.objects.get()
    assert (review.label, review.agrees) == (None, None)
    assert list(agreement.reviewers()) == agreement.disagreements() == []
    assert claimed_ids(reviewer_client) == [pending.pk]


def test_undo_without_the_time_of_the_decision_changes_nothing(
    reviewer_client, reviewed_by_ada, pending
):
    claimed_ids(reviewer_client)
    decide(reviewer_client, reviewed_by_ada, "approve", 7)
    response = undo(reviewer_client, reviewed_by_ada)
    assert response.status_code == 409
    assert "ada" not in response.json()["detail"]
    assert BlindReview.objects.get().label == 7


def test_undo_of_a_skip_keeps_the_blind_review_open(reviewer_client, reviewed_by_ada, pending):
    claimed_ids(reviewer_client)
    decide(reviewer_client, reviewed_by_ada, "skip")
    undo(reviewer_client, reviewed_by_ada)
    assert reviewed_by_ada.pk in claimed_ids(reviewer_client)
    decide(reviewer_client, reviewed_by_ada, "approve", 1)
    assert BlindReview.objects.get().agrees is True


@pytest.mark.parametrize("later", [("approve", 1), ("approve", 2), ("reject", None)])
def test_only_the_first_blind_decision_counts(reviewer_client, reviewed_by_ada, pending, later):
    claimed_ids(reviewer_client)
    first = decide(reviewer_client, reviewed_by_ada, "approve", 7)
    repeated = decide(reviewer_client, reviewed_by_ada, "approve", 7)
    assert (repeated.status_code, repeated.json()) == (200, first.json())
    response = decide(reviewer_client, reviewed_by_ada, *later)
    assert response.status_code == 409
    assert "ada" not in response.json()["detail"]
    review = BlindReview.objects.get()
    assert (review.label, review.agrees) == (7, False)
    assert review.answered_at.isoformat() == first.json()["decided_at"]


def test_only_the_first_of_simultaneous_blind_decisions_counts(reviewed_by_ada, reviewer):
    created = BlindReview.objects.create(submission=reviewed_by_ada, reviewer=reviewer)
    one, other = (BlindReview.objects.get(pk=created.pk) for _ in range(2))
    assert (one.record(Label.SEVEN), other.record(Label.ONE)) == (True, False)
    assert BlindReview.objects.get().label == Label.SEVEN


def test_reviewer_gets_each_blind_review_until_answered(reviewer_client, reviewed_by_ada, pending):
    assert reviewed_by_ada.pk in claimed_ids(reviewer_client)
    assert reviewed_by_ada.pk in claimed_ids(reviewer_client)
    decide(reviewer_client, reviewed_by_ada, "approve", 1)
    assert claimed_ids(reviewer_client) == [pending.pk]
    assert BlindReview.objects.count() == 1


def test_imported_drawings_get_no_blind_review(reviewer_client, ada, pending):
    (row,) = submissions(source=Source.IMPORT)
    row.approve(ada, Label.SEVEN)
    assert claimed_ids(reviewer_client) == [pending.pk]


def test_own_decisions_are_not_reviewed_again(reviewer_client, reviewer, pending):
    (row,) = submissions()
    row.approve(reviewer, Label.SEVEN)
    assert claimed_ids(reviewer_client) == [pending.pk]


def test_probability_zero_creates_no_blind_review(
    reviewer_client, reviewed_by_ada, pending, monkeypatch
):
    monkeypatch.setattr(blind_reviews, "PROBABILITY", 0)
    assert claimed_ids(reviewer_client) == [pending.pk]
    assert not BlindReview.objects.exists()


def test_empty_queue_gets_no_blind_review(reviewer_client, reviewed_by_ada):
    assert claimed_ids(reviewer_client) == []


def test_decision_counts_after_first_review_is_undone(
    reviewer_client, reviewer, reviewed_by_ada, pending
):
    claimed_ids(reviewer_client)
    reviewed_by_ada.reopen()
    decide(reviewer_client, reviewed_by_ada, "approve", 7)
    reviewed_by_ada.refresh_from_db()
    assert (reviewed_by_ada.label, reviewed_by_ada.reviewed_by) == (7, reviewer)
    assert BlindReview.objects.get().answered_at is None
    assert claimed_ids(reviewer_client) == [pending.pk]


def test_deleting_submission_deletes_blind_review(reviewer_client, reviewed_by_ada, pending):
    claimed_ids(reviewer_client)
    reviewed_by_ada.delete()
    assert not BlindReview.objects.exists()
    assert reviewer_client.get(PAGE).status_code == 200


def test_lists_owners_whose_corrections_were_not_accepted(reviewer_client, ada):
    good, bad = uuid.uuid4(), uuid.uuid4()
    for row in submissions(3, owner=good, corrected_digit=7):
        row.approve(ada, Label.SEVEN)
    rejected, relabelled, accepted, uncorrected = (
        *submissions(3, owner=bad, corrected_digit=1),
        *submissions(1, owner=bad),
    )
    rejected.reject(ada)
    relabelled.approve(ada, Label.TWO)
    accepted.approve(ada, Label.ONE)
    uncorrected.reject(ada)
    page = reviewer_client.get(PAGE)
    assert list(page.context["owners"]) == [{"owner": bad, "corrections": 3, "not_accepted": 2}]
    link = f"/admin/recognizer/submission/?owner__exact={bad}"
    assert link in page.content.decode()
    assert len(reviewer_client.get(link).context["cl"].result_list) == 4


def test_imported_drawings_do_not_hide_the_newest_reviews(ada, monkeypatch):
    monkeypatch.setattr(agreement, "REVIEW_LIMIT", 2)
    bad = uuid.uuid4()
    rows = [*submissions(2, owner=bad, corrected_digit=1), *submissions(2, source=Source.IMPORT)]
    for row in rows:
        row.reject(ada)
    assert list(agreement.owners()) == [{"owner": bad, "corrections": 2, "not_accepted": 2}]


def test_empty_page_says_what_to_do(reviewer_client):
    page = reviewer_client.get(PAGE).content.decode()
    assert "They need two reviewers." in page
    assert "These reviews accepted all corrections" in page


def test_query_count_does_not_grow_with_rows(
    reviewer_client, reviewer, ada, django_assert_num_queries
):
    for number in (1, 10):
        for row in submissions(number, corrected_digit=1):
            row.reject(ada)
            BlindReview.objects.create(submission=row, reviewer=reviewer).record(Label.TWO)
        with django_assert_num_queries(5):  # session, user, reviewers, disagreements, owners
            reviewer_client.get(PAGE)


def test_decision_of_a_deleted_blind_review_raises(reviewed_by_ada, reviewer):
    blind_review = BlindReview.objects.create(submission=reviewed_by_ada, reviewer=reviewer)
    reviewed_by_ada.delete()
    for store in (blind_review.undo, lambda: blind_review.record(Label.ONE)):
        with pytest.raises(Submission.DoesNotExist):
            store()
