"""Bulk review: approve many submissions with one suggested label, except the excluded ones."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.utils import timezone

from recognizer.models import Label, Submission
from recognizer.review import queue
from tests.support.factories import Visitor
from tests.support.review_helpers import claimed_ids, decide, ids, shown, submissions
from tests.support.threads import run_at_once

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def shown_ids(reviewer_client, label=7):
    page = reviewer_client.get(f"/review/bulk/{label}/")
    assert page.status_code == 200
    return [card["id"] for card in page.context["cards"]]


def bulk_review(reviewer_client, rows, excluded=(), label=7, excluded_action="flag"):
    """Submit the form and return the message on the next page."""
    body = {"shown": shown(rows), "excluded": ids(excluded), "excluded_action": excluded_action}
    page = reviewer_client.post(f"/review/bulk/{label}/", body, follow=True)
    return " ".join(str(message) for message in page.context["messages"])


def undo(reviewer_client):
    page = reviewer_client.post("/review/bulk/undo/", follow=True)
    return page, [str(message) for message in page.context["messages"]]


def log_in_again(client, login, reviewer):
    """Send the form of the login page at the URL `login`, and return the next page."""
    reviewer.set_password("a long password")
    reviewer.save()
    fields = {"username": reviewer.get_username(), "password": "a long password"}
    return client.post(login, fields, follow=True)


def stored():
    return sorted(Submission.objects.values_list("review", "label"), key=str)


def test_approves_all_shown_submissions(reviewer_client, reviewer):
    rows = submissions(5)
    assert bulk_review(reviewer_client, rows) == "5 approved as 7."
    assert set(Submission.objects.values_list("review", "label", "reviewed_by")) == {
        ("approved", 7, reviewer.pk)
    }
    assert set(LogEntry.objects.values_list("change_message", flat=True)) == {"Approved as 7."}
    assert LogEntry.objects.count() == 5
    assert shown_ids(reviewer_client) == []


def test_shows_one_suggested_label_with_most_certain_first(reviewer_client):
    (unsure,) = submissions(confidence=0.5)
    (sure,) = submissions()
    (corrected,) = submissions(predicted_digit=1, corrected_digit=7)
    submissions(corrected_digit=1)
    submissions(predicted_digit=3)
    assert shown_ids(reviewer_client) == [str(row.pk) for row in (sure, unsure, corrected)]


def test_shows_at_most_bulk_size(reviewer_client):
    submissions(queue.BULK_SIZE + 5)
    assert len(shown_ids(reviewer_client)) == queue.BULK_SIZE


def test_not_a_digit_is_a_label_too(reviewer_client):
    rows = submissions(2, corrected_digit=Label.NOT_A_DIGIT)
    page = reviewer_client.get("/review/bulk/10/").content.decode()
    assert "Are all of these “not a digit”?" in page
    assert bulk_review(reviewer_client, rows, label=10) == "2 approved as not a digit."
    assert stored() == [("approved", 10)] * 2


def test_flagged_submissions_come_first_in_queue(reviewer_client):
    submissions(confidence=0.1)
    rows = submissions(4)
    message = bulk_review(reviewer_client, rows, excluded=rows[:1])
    assert message == "3 approved as 7. 1 flagged and moved to the front of the queue."
    assert claimed_ids(reviewer_client)[0] == rows[0].pk


def test_flagged_submissions_leave_bulk_review(reviewer_client):
    rows = submissions(4)
    bulk_review(reviewer_client, rows[:2], excluded=rows[:1])
    assert set(shown_ids(reviewer_client)) == {str(row.pk) for row in rows[2:]}


def test_does_not_approve_submissions_flagged_in_the_meantime(reviewer_client):
    rows = submissions(3)
    bulk_review(reviewer_client, rows, excluded=rows[:1])
    message = bulk_review(reviewer_client, rows[:1])
    text = "0 approved as 7. 1 unchanged: corrected, flagged, reviewed or deleted in the meantime."
    assert message == text
    assert Submission.objects.get(pk=rows[0].pk).review == "pending"


def test_excluded_submissions_can_be_rejected(reviewer_client):
    rows = submissions(3)
    message = bulk_review(reviewer_client, rows, excluded=rows[:2], excluded_action="reject")
    assert message == "1 approved as 7. 2 rejected."
    assert stored() == [("approved", 7), ("rejected", None), ("rejected", None)]


def test_keeps_decisions_made_in_the_meantime(reviewer_client, django_user_model):
    ada = django_user_model.objects.create_user("ada")
    rows = submissions(3)
    rows[0].approve(ada, Label.ONE)
    rows[1].reject(ada)
    message = bulk_review(reviewer_client, rows, excluded=rows[1:2], excluded_action="reject")
    text = "1 approved as 7. 2 unchanged: corrected, flagged, reviewed or deleted in the meantime."
    assert message == text
    assert stored() == [("approved", 1), ("approved", 7), ("rejected", None)]
    assert set(Submission.objects.filter(reviewed_by=ada)) == set(rows[:2])


def test_undo_reopens_last_bulk_review(reviewer_client):
    before, *rows = submissions(4)
    decide(reviewer_client, before, "approve", 7)
    bulk_review(reviewer_client, rows, excluded=rows[:1], excluded_action="reject")
    page, messages = undo(reviewer_client)
    assert messages == ["3 reviews undone."]
    assert stored() == [("approved", 7)] + [("pending", None)] * 3
    assert LogEntry.objects.filter(change_message="Review undone.").count() == 3
    assert not page.context["can_undo"]


def test_undo_shows_the_label_of_the_undone_review(reviewer_client):
    submissions(3)
    bulk_review(reviewer_client, submissions(2, predicted_digit=1), label=1)
    page, _ = undo(reviewer_client)
    assert page.context["label"] == 1


def queue_positions(rows):
    """Return (flagged, round) of each row."""
    found = Submission.objects.in_bulk(ids(rows))
    return [(found[row.pk].flagged, found[row.pk].review_round) for row in rows]


def test_undo_removes_flags_and_restores_rounds(reviewer_client):
    rows = [*submissions(2), *submissions(1, review_round=3)]
    bulk_review(reviewer_client, rows, excluded=rows[1:])
    assert queue_positions(rows[1:]) == [(True, 0), (True, 0)]
    _, messages = undo(reviewer_client)
    assert messages == ["1 review undone. 2 flags removed."]
    assert queue_positions(rows) == [(False, 0), (False, 0), (False, 3)]


def test_undo_of_flags_alone_reports_flags(reviewer_client):
    rows = submissions(3)
    bulk_review(reviewer_client, rows, excluded=rows)
    _, messages = undo(reviewer_client)
    assert messages == ["3 flags removed."]
    _, messages = undo(reviewer_client)
    assert messages == ["0 reviews undone."]


def test_undo_keeps_earlier_flags_and_later_reviews(reviewer_client, django_user_model):
    flagged_before, reviewed_since = *submissions(1, flagged=True), *submissions(1)
    rows = [flagged_before, reviewed_since]
    message = bulk_review(reviewer_client, rows, excluded=rows)
    assert message == "0 approved as 7. 2 flagged and moved to the front of the queue."
    Submission.objects.get(pk=reviewed_since.pk).approve(
        django_user_model.objects.create_user("ada"), Label.ONE
    )
    _, messages = undo(reviewer_client)
    assert messages == ["0 reviews undone."]
    assert queue_positions(rows) == [(True, 0), (True, 0)]
    assert stored() == [("approved", 1), ("pending", None)]


def test_undo_keeps_reviews_changed_since(reviewer_client, django_user_model):
    rows = submissions(2)
    bulk_review(reviewer_client, rows)
    Submission.objects.get(pk=rows[0].pk).approve(
        django_user_model.objects.create_user("ada"), Label.ONE
    )
    undo(reviewer_client)
    assert stored() == [("approved", 1), ("pending", None)]


def test_second_undo_changes_nothing(reviewer_client):
    bulk_review(reviewer_client, submissions(2))
    for count in (2, 0):
        _, messages = undo(reviewer_client)
        assert messages == [f"{count} reviews undone."]


@pytest.mark.parametrize("action", ["flag", "reject"])
def test_repeated_form_keeps_the_undo(reviewer_client, action):
    rows = submissions(5)
    for _ in range(2):
        bulk_review(reviewer_client, rows, excluded=rows[:2], excluded_action=action)
    undo(reviewer_client)
    assert stored() == [("pending", None)] * 5
    assert queue_positions(rows) == [(False, 0)] * 5


@pytest.mark.django_db(transaction=True)
def test_form_sent_twice_at_the_same_time_keeps_the_undo(django_user_model):
    client, again = Visitor(), Visitor()
    client.force_login(django_user_model.objects.create_superuser("rosa"))
    again.cookies = client.cookies
    for _ in range(5):
        rows = submissions(20)
        excluded = rows[::2]
        messages = run_at_once(
            lambda rows=rows, excluded=excluded: bulk_review(client, rows, excluded),
            lambda rows=rows, excluded=excluded: bulk_review(again, rows[::-1], excluded),
        )
        assert all("approved as 7" in message for message in messages)
        assert Submission.objects.pending().count() == 10
        undo(client)
        assert queue_positions(rows) == [(False, 0)] * 20
        assert stored() == [("pending", None)] * 20
        Submission.objects.all().delete()


def test_starts_with_label_that_has_most_submissions(reviewer_client):
    submissions(1)
    submissions(2, predicted_digit=3)
    assert reviewer_client.get("/review/bulk/")["Location"] == "/review/bulk/3/"
    tabs = reviewer_client.get("/review/bulk/3/").context["tabs"]
    assert [count for _, _, count in tabs] == [0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0]


def test_tabs_count_the_submissions_that_can_be_shown(reviewer_client, django_user_model):
    ada = django_user_model.objects.create_user("ada")
    later = timezone.now() + timedelta(minutes=5)
    submissions(2, predicted_digit=3, claimed_by=ada, claimed_until=later)
    submissions(2, predicted_digit=3, claimed_until=later)  # snoozed
    submissions(2, predicted_digit=3, flagged=True)
    submissions(1)
    assert reviewer_client.get("/review/bulk/")["Location"] == "/review/bulk/7/"
    tabs = reviewer_client.get("/review/bulk/3/").context["tabs"]
    assert [count for _, _, count in tabs] == [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0]


def test_empty_page_says_what_to_do(reviewer_client):
    page = reviewer_client.get("/review/bulk/", follow=True)
    assert "Choose another label above" in page.content.decode()


def test_marks_near_duplicates_of_same_owner(reviewer_client):
    (first,) = submissions()
    others = submissions(2, owner=first.owner, pixels=first.pixels)
    submissions(1, pixels=first.pixels)  # the same drawing by another owner
    submissions(1, owner=first.owner)  # another drawing by the same owner
    cards = reviewer_client.get("/review/bulk/7/").context["cards"]
    notes = {card["id"]: card["notes"] for card in cards}
    text = "Near duplicate of 2 drawings by the same person"
    assert {pk for pk, found in notes.items() if found == [text]} == {
        str(row.pk) for row in (first, *others)
    }
    assert sum(found == [] for found in notes.values()) == 2


@pytest.mark.parametrize("extreme", [datetime.min, datetime.max])
def test_shows_drawings_of_the_first_and_the_last_moment(reviewer_client, extreme):
    pixels, owner = bytes(range(196)) * 4, uuid.uuid4()
    created = extreme.replace(tzinfo=UTC)
    rows = submissions(2, pixels=pixels, owner=owner, predicted_digit=1, created=created)
    page = reviewer_client.get("/review/bulk/1/")
    assert "Near duplicate of 1 drawing by the same person" in page.content.decode()
    assert set(claimed_ids(reviewer_client)) == set(ids(rows))


@pytest.mark.parametrize(
    "body",
    [
        {"excluded_action": "flag"},
        {"shown": "nonsense", "excluded_action": "flag"},
        {"shown": "nonsense"},
        {"excluded_action": "burn"},
    ],
)
def test_invalid_form_shows_error_and_changes_nothing(reviewer_client, body):
    submissions(2)
    page = reviewer_client.post("/review/bulk/7/", body, follow=True)
    assert [message.level_tag for message in page.context["messages"]] == ["error"]
    assert stored() == [("pending", None)] * 2


def test_ignores_excluded_submission_that_was_not_shown(reviewer_client):
    one, other = submissions(2)
    bulk_review(reviewer_client, [one], excluded=[other], excluded_action="reject")
    assert stored() == [("approved", 7), ("pending", None)]


def test_unknown_label_returns_404(reviewer_client):
    assert reviewer_client.get("/review/bulk/11/").status_code == 404


def test_visitors_cannot_bulk_review(db):
    rows = submissions(1)
    body = {"shown": shown(rows), "excluded_action": "flag"}
    assert Visitor().post("/review/bulk/7/", body).status_code == 302
    assert stored() == [("pending", None)]


def test_query_count_does_not_grow_with_rows(reviewer_client, django_assert_num_queries):
    bulk_review(reviewer_client, submissions(1))  # fills the cache of content types
    for rows in (submissions(4), submissions(80)):
        # session, user, savepoint and claim (4), cards, near duplicates, eleven counts
        with django_assert_num_queries(19):
            shown_ids(reviewer_client)
        body = {"shown": shown(rows), "excluded": [rows[0].pk], "excluded_action": "reject"}
        # session, user, savepoint (2), lock, approve, reject, the approved and the rejected rows,
        # their audit entries (2), session (3, with its savepoint)
        with django_assert_num_queries(14):
            reviewer_client.post("/review/bulk/7/", body)


def test_login_after_an_undo_without_a_session_shows_bulk_review(reviewer_client, reviewer):
    bulk_review(reviewer_client, submissions(1))
    reviewer_client.logout()
    login = reviewer_client.post("/review/bulk/undo/")["Location"]
    page = log_in_again(reviewer_client, login, reviewer)
    assert page.status_code == 200
    assert page.templates[0].name == "review/bulk.html"
    assert stored() == [("approved", 7)]


def test_login_page_says_that_a_review_without_a_session_was_not_saved(reviewer_client):
    body = {"shown": shown(submissions(1)), "excluded_action": "flag"}
    reviewer_client.logout()
    page = reviewer_client.post("/review/bulk/7/", body, follow=True)
    assert page.redirect_chain == [("/admin/login/?next=/review/bulk/7/", 302)]
    assert "You are logged out, so nothing was saved." in page.content.decode()
    assert stored() == [("pending", None)]
