"""Doubtful labels: reviewers check approved drawings whose label is probably wrong."""

import uuid
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.utils import timezone

from recognizer.models import (
    AlreadyReviewedError,
    Label,
    LedgerEntry,
    ModelVersion,
    Review,
    Submission,
    VersionState,
)
from recognizer.review import decisions, doubtful_labels, queue
from recognizer.review.presenters import existing_review_text
from recognizer.serving import model_registry
from tests.support import review_helpers
from tests.support.factories import Visitor, create_version
from tests.support.review_helpers import ids, submissions

pytestmark = [pytest.mark.django_db, pytest.mark.database]

URL = "/review/doubtful/"


@pytest.fixture
def ada(django_user_model):
    return django_user_model.objects.create_user("ada")


@pytest.fixture
def doubtful(ada):
    """Return a function that stores doubtful labels, approved as 1 by Ada an hour ago."""

    def store(number=1, **fields):
        approved_at = timezone.now() - timedelta(hours=1)
        return review_helpers.doubtful_labels(
            number, **{"reviewed_by": ada, "reviewed_at": approved_at} | fields
        )

    return store


def page_of(client, query=""):
    page = client.get(URL + query)
    assert page.status_code == 200
    return page


def shown_ids(client, query=""):
    return [card["submission"].pk for card in page_of(client, query).context["cards"]]


def body_for(row, decision):
    return {"id": row.pk, "seen_at": row.reviewed_at.isoformat(), "decision": decision}


def decide(client, row, decision):
    """Send the form as a browser without JavaScript does. Return the message on the next page."""
    page = client.post(URL, body_for(row, decision), follow=True)
    (message,) = page.context["messages"]
    return f"{message.level_tag}: {message}"


def stored(row):
    row = Submission.objects.get(pk=row.pk)
    return row.review, row.label, row.label_confirmed, row.label_noise


def audit_texts():
    return list(LogEntry.objects.order_by("pk").values_list("change_message", flat=True))


# ---- The list ----
def test_lists_surest_first_then_by_id(reviewer_client, doubtful):
    (unsure,) = doubtful(label_noise=0.8)
    (sure,) = doubtful(label_noise=0.99)
    same = sorted(doubtful(5, label_noise=0.9), key=lambda row: row.pk)
    assert shown_ids(reviewer_client) == ids([sure, *same, unsure])


def test_lists_only_approved_submissions_with_label_noise(reviewer_client, doubtful):
    submissions(review=Review.APPROVED, label=1)
    submissions(corrected_digit=1, label_noise=0.9)  # by a training run with pending corrections
    assert shown_ids(reviewer_client) == []
    assert "No label looks wrong" in page_of(reviewer_client).content.decode()


def test_pages_continue_after_the_last_drawing(reviewer_client, doubtful, monkeypatch):
    monkeypatch.setattr(doubtful_labels, "PAGE_SIZE", 3)
    rows = [*doubtful(2), *sorted(doubtful(3, label_noise=0.9), key=lambda row: row.pk)]
    first = page_of(reviewer_client)
    assert shown_ids(reviewer_client) == ids(rows[:3])
    decide(reviewer_client, rows[2], "reject")
    second = page_of(reviewer_client, f"?after={first.context['next']}")
    assert [card["submission"] for card in second.context["cards"]] == rows[3:]
    assert second.context["next"] is None


@pytest.mark.parametrize("after", ["", "x", "0.9", "0.9,x", f"x,{uuid.UUID(int=1)}"])
def test_invalid_position_shows_first_page(reviewer_client, doubtful, after):
    assert ids(doubtful(2)) == shown_ids(reviewer_client, f"?after={after}")


def test_empty_page_links_to_first_page(reviewer_client, doubtful):
    doubtful()
    page = page_of(reviewer_client, f"?after=0.1,{uuid.uuid4()}").content.decode()
    assert f'<a href="{URL}">Go to the first page</a>' in page


def test_card_shows_label_prediction_reviewer_and_version(visitor, reviewer_client, ada):
    row = visitor.submit_and_get()  # a 7
    row.approve(ada, Label.ONE)
    base = model_registry.live_version()
    LedgerEntry.objects.create(version=base, submission=row, label=1, owner=row.owner)
    Submission.objects.update(label_noise=0.9)
    html = page_of(reviewer_client).content.decode()
    assert "Label: 1" in html
    assert "Version 1 predicts 7 (9" in html
    assert "Approved by ada" in html
    assert "Learned in version 1" in html
    assert 'src="data:image/png;base64,' in html


def test_works_with_corrupt_live_version(reviewer_client, doubtful, monkeypatch):
    rows = doubtful(2)
    monkeypatch.setattr(model_registry, "loaded_version_or_none", lambda: None)
    assert shown_ids(reviewer_client) == ids(rows)


def test_query_count_does_not_grow_with_rows(
    reviewer_client, doubtful, django_assert_num_queries, monkeypatch
):
    doubtful()
    page_of(reviewer_client)
    for number in (1, 10):
        doubtful(number)
        with django_assert_num_queries(4):  # session, user, list, count
            page_of(reviewer_client)


# ---- Decisions ----
def test_keep_confirms_the_label(reviewer_client, reviewer, doubtful):
    (row,) = doubtful()
    assert decide(reviewer_client, row, 1) == "success: Label kept."
    assert stored(row) == ("approved", 1, True, None)
    assert Submission.objects.get().reviewed_by == reviewer
    assert audit_texts() == ["Label kept."]
    assert shown_ids(reviewer_client) == []


@pytest.mark.parametrize(
    ("decision", "text"), [(0, "Approved as 0."), (10, "Approved as not a digit.")]
)
def test_relabel_approves_another_label(reviewer_client, reviewer, doubtful, decision, text):
    (row,) = doubtful()
    assert decide(reviewer_client, row, decision) == f"success: {text}"
    assert stored(row) == ("approved", decision, False, None)
    assert Submission.objects.get().reviewed_by == reviewer
    assert audit_texts() == [text]


def test_reject_removes_the_label(reviewer_client, doubtful):
    (row,) = doubtful()
    assert decide(reviewer_client, row, "reject") == "success: Rejected."
    assert stored(row) == ("rejected", None, False, None)
    assert audit_texts() == ["Rejected."]


@pytest.mark.parametrize("state", [VersionState.LIVE, VersionState.RETIRED])
def test_learned_submissions_can_be_decided(reviewer_client, doubtful, state):
    keep, relabel = doubtful(2)
    base = model_registry.live_version()
    base.state = VersionState.RETIRED
    base.save()
    create_version(base, state=VersionState.LIVE)
    learned_by = ModelVersion.objects.get(state=state)
    for row in (keep, relabel):
        LedgerEntry.objects.create(version=learned_by, submission=row, label=1, owner=row.owner)
    cards = page_of(reviewer_client).context["cards"]
    assert {card["submission"].learned_in for card in cards} == {learned_by.number}
    decide(reviewer_client, keep, 1)
    decide(reviewer_client, relabel, 7)
    assert stored(keep) == ("approved", 1, True, None)
    assert Submission.objects.get(pk=keep.pk).learned_in == learned_by.number
    assert Submission.objects.get(pk=relabel.pk).learned_in is None


def test_script_gets_json(reviewer_client, doubtful):
    (row,) = doubtful()
    response = reviewer_client.post(URL, body_for(row, 7), HTTP_ACCEPT="application/json")
    assert (response.status_code, response.json()) == (200, {"detail": "Approved as 7."})


def test_decision_returns_to_the_same_page(reviewer_client, doubtful):
    (row,) = doubtful()
    url = f"{URL}?after=1.0,{uuid.uuid4()}"
    assert reviewer_client.post(url, body_for(row, 1))["Location"] == url


@pytest.mark.parametrize(
    ("decision", "text"), [(1, "Label kept."), (7, "Approved as 7."), ("reject", "Rejected.")]
)
def test_repeated_request_counts_once(reviewer_client, doubtful, decision, text):
    (row,) = doubtful()
    for _ in range(2):
        assert decide(reviewer_client, row, decision) == f"success: {text}"
    assert len(audit_texts()) == 1


def test_dashboard_counts_up_to_a_limit(reviewer_client, doubtful, monkeypatch):
    monkeypatch.setattr(queue, "COUNT_LIMIT", 3)

    def dashboard():
        return reviewer_client.get("/review/dashboard/").content.decode()

    assert "No label looks wrong." in dashboard()
    doubtful()
    assert f'1 label looks wrong.\n <a href="{URL}">' in dashboard()
    doubtful(3)
    assert "3 or more labels look wrong." in dashboard()


# ---- Refusals ----
def test_keeps_a_review_stored_meanwhile(reviewer_client, doubtful, ada):
    relabelled, rejected, reopened = rows = doubtful(3)
    Submission.objects.get(pk=relabelled.pk).approve(ada, Label.TWO)
    Submission.objects.get(pk=rejected.pk).reject(ada)
    Submission.objects.get(pk=reopened.pk).reopen()
    assert [decide(reviewer_client, row, 1) for row in rows] == [
        "error: ada has already approved this drawing as 2.",
        "error: ada has already rejected this drawing.",
        "error: The review was undone. The drawing is waiting for review again.",
    ]
    assert [stored(row)[:2] for row in rows] == [
        ("approved", 2),
        ("rejected", None),
        ("pending", None),
    ]
    assert audit_texts() == []


def test_review_between_query_and_update_counts(doubtful, ada, reviewer):
    (row,) = doubtful()
    Submission.objects.get(pk=row.pk).reject(ada)
    for label in (None, Label.ONE, Label.SEVEN):
        with pytest.raises(AlreadyReviewedError):
            decisions.decide_doubtful_label(row, reviewer, label, seen_at=row.reviewed_at)
    assert stored(row)[:2] == ("rejected", None)


def test_deleted_drawing_gives_a_message(reviewer_client, doubtful):
    (row,) = doubtful()
    Submission.objects.all().delete()
    assert decide(reviewer_client, row, 1) == "error: The visitor has deleted this drawing."


def test_drawing_deleted_between_query_and_update_gives_a_message(doubtful, reviewer):
    (row,) = doubtful()
    Submission.objects.all().delete()
    with pytest.raises(AlreadyReviewedError):
        decisions.decide_doubtful_label(row, reviewer, Label.ONE, seen_at=row.reviewed_at)
    assert existing_review_text(row) == "The visitor has deleted this drawing."


@pytest.mark.parametrize(
    "change",
    [{"decision": 11}, {"decision": "keep"}, {"decision": ""}, {"id": "x"}, {"seen_at": "x"}],
)
def test_invalid_form_changes_nothing(reviewer_client, doubtful, change):
    (row,) = doubtful()
    body = body_for(row, 7) | change
    response = reviewer_client.post(URL, body, HTTP_ACCEPT="application/json")
    assert response.status_code == 400
    assert response.json()["detail"]
    assert stored(row)[:2] == ("approved", 1)


def test_decision_without_the_seen_time_is_refused(reviewer_client, doubtful):
    (row,) = doubtful()
    body = body_for(row, 7) | {"seen_at": ""}
    response = reviewer_client.post(URL, body, HTTP_ACCEPT="application/json")
    assert response.status_code == 409
    assert stored(row)[:2] == ("approved", 1)


def test_visitors_and_staff_without_permission_have_no_access(doubtful, django_user_model):
    (row,) = doubtful()
    staff = Visitor()
    staff.force_login(django_user_model.objects.create_user("bo", is_staff=True))
    for client, status in ((Visitor(), 302), (staff, 403)):
        responses = client.get(URL), client.post(URL, body_for(row, 7))
        assert [response.status_code for response in responses] == [status] * 2
    assert stored(row)[:2] == ("approved", 1)
