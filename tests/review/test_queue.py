"""The review queue: its order, its cards, decisions, and access to the review pages."""

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group

from recognizer.models import AlreadyReviewedError, Label, ModelVersion, Submission, VersionState
from recognizer.review import queue
from recognizer.serving import model_registry
from tests.support.factories import Visitor, create_version, model_with_swapped_labels
from tests.support.review_helpers import claim, claimed_ids, decide, ids, submissions, undo

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def test_page_sets_csrf_cookie_and_is_linked_from_admin(reviewer_client):
    page = reviewer_client.get("/review/")
    assert page.status_code == 200
    assert "csrftoken" in page.cookies
    assert '<a href="/review/">Queue</a>' in reviewer_client.get("/admin/").content.decode()


def test_orders_by_review_priority(reviewer_client):
    (sure,) = submissions(corrected_digit=7)
    (unsure,) = submissions(confidence=0.4)
    (versions_disagree,) = submissions(live_prediction=1)
    (correction_disagrees,) = submissions(corrected_digit=1)
    (both,) = submissions(corrected_digit=1, live_prediction=1)
    (flagged,) = submissions(flagged=True)
    by_priority = [flagged, both, correction_disagrees, versions_disagree, unsure, sure]
    assert claimed_ids(reviewer_client) == ids(by_priority)


def test_disagreeing_correction_moves_submission_to_front(visitor, reviewer_client):
    (other,) = submissions(confidence=0.2)
    row = visitor.submit_and_get()
    assert claimed_ids(reviewer_client) == ids([other, row])
    visitor.correct(row.pk, 1)
    assert claimed_ids(reviewer_client) == ids([row, other])


def test_card_has_images_summary_and_notes(visitor, reviewer_client):
    row = visitor.submit_and_get(digit=None)
    (card,) = claim(reviewer_client)["cards"]
    percent = min(99, round(100 * row.confidence))
    assert card["summary"] == f"Correction: not a digit. Prediction: 7 ({percent}% sure)."
    assert (card["suggested_label"], card["label_name"]) == (Label.NOT_A_DIGIT, "not a digit")
    assert card["notes"] == ["The correction disagrees with the prediction"]
    assert reviewer_client.get(card["image"])["Content-Type"] == "image/png"
    assert card["model_input"].startswith("data:image/png;base64,")


@pytest.mark.parametrize(
    ("corrected", "summary", "suggested"),
    [
        (None, "Prediction: 7 (99% sure). No correction.", 7),
        (7, "Prediction: 7 (99% sure). The visitor agrees.", 7),
        (1, "Correction: 1. Prediction: 7 (99% sure).", 1),
    ],
)
def test_summary_names_prediction_and_correction(reviewer_client, corrected, summary, suggested):
    submissions(corrected_digit=corrected)
    (card,) = claim(reviewer_client)["cards"]
    assert (card["summary"], card["suggested_label"]) == (summary, suggested)


def test_note_says_that_live_version_disagrees(visitor, reviewer_client, monkeypatch):
    row = visitor.submit_and_get()
    base = ModelVersion.objects.get()
    base.state = VersionState.RETIRED
    base.save()
    create_version(base, model_with_swapped_labels(7, 4, base), state=VersionState.LIVE)
    monkeypatch.setattr(model_registry, "_loaded", None)
    (card,) = claim(reviewer_client)["cards"]
    assert card["notes"] == ["Versions disagree: version 2 predicts 4"]
    row.refresh_from_db()
    assert (row.live_prediction, row.live_prediction_version.number, row.predicted_digit) == (
        4,
        2,
        7,
    )
    assert row.review_priority > 1


def test_each_claim_refreshes_some_predictions(visitor, reviewer_client, monkeypatch):
    base = model_registry.live_version()
    submissions(5)
    base.state = VersionState.RETIRED
    base.save()
    newer = create_version(base, state=VersionState.LIVE)
    monkeypatch.setattr(queue, "REFRESH_SIZE", 2)
    for left in (3, 1, 0):
        claim(reviewer_client)
        assert Submission.objects.exclude(live_prediction_version=newer).count() == left


def test_claim_predicts_imports_of_an_earlier_release(reviewer_client):
    live = model_registry.live_version()
    submissions(2, live_prediction=None, live_prediction_version=None)
    claim(reviewer_client)
    assert Submission.objects.filter(live_prediction_version=live).count() == 2


def test_claim_after_rollback_refreshes_predictions(reviewer_client, monkeypatch):
    base = model_registry.live_version()
    newer, newest = create_version(base), create_version(base)
    (by_newest,) = submissions(live_prediction=1, live_prediction_version=newest)
    (by_base,) = submissions()
    model_registry.promote(newer, by="a test")
    monkeypatch.setattr(model_registry, "_loaded", None)
    monkeypatch.setattr(queue, "REFRESH_SIZE", 1)
    for refreshed in ({by_base.pk}, {by_base.pk, by_newest.pk}):
        claim(reviewer_client)
        found = Submission.objects.filter(live_prediction_version=newer)
        assert set(found.values_list("pk", flat=True)) == refreshed


def test_claims_work_with_corrupt_live_version(reviewer_client, monkeypatch):
    def raise_corrupt():
        raise model_registry.CorruptModelError("no version can be served")

    submissions(2)
    monkeypatch.setattr(model_registry, "loaded_version", raise_corrupt)
    assert len(claimed_ids(reviewer_client)) == 2


@pytest.mark.parametrize(("label", "stored"), [(7, 7), (0, 0), (10, Label.NOT_A_DIGIT)])
def test_approve_stores_label_and_audit_entry(reviewer_client, reviewer, label, stored):
    (row,) = submissions(corrected_digit=1)
    assert decide(reviewer_client, row, "approve", label).status_code == 200
    row.refresh_from_db()
    assert (row.review, row.label, row.reviewed_by) == ("approved", stored, reviewer)
    entry = LogEntry.objects.get()
    assert entry.change_message == f"Approved as {Label(stored).label}."
    assert (entry.user, entry.object_id) == (reviewer, str(row.pk))


def test_reject_stores_no_label(reviewer_client, reviewer):
    (row,) = submissions()
    assert decide(reviewer_client, row, "reject").status_code == 200
    row.refresh_from_db()
    assert (row.review, row.label, row.reviewed_by) == ("rejected", None, reviewer)
    assert LogEntry.objects.get().change_message == "Rejected."


def test_decided_submission_leaves_queue(reviewer_client):
    first, second = submissions(2)
    decide(reviewer_client, first, "approve", 7)
    assert claimed_ids(reviewer_client) == [second.pk]


def test_repeated_request_counts_once(reviewer_client):
    (row,) = submissions()
    for _ in range(2):
        assert decide(reviewer_client, row, "approve", 7).status_code == 200
    assert LogEntry.objects.count() == 1


def test_undo_reopens_and_reclaims(reviewer_client):
    (row,) = submissions()
    decided_at = decide(reviewer_client, row, "approve", 7).json()["decided_at"]
    for _ in range(2):  # the response to the first request may get lost
        assert undo(reviewer_client, row, decided_at).status_code == 200
    row.refresh_from_db()
    assert (row.review, row.label, row.reviewed_by) == ("pending", None, None)
    assert claimed_ids(reviewer_client) == [row.pk]
    assert [entry.change_message for entry in LogEntry.objects.order_by("pk")] == [
        "Approved as 7.",
        "Review undone.",
    ]


KEPT = "You have made another decision on this drawing. That decision is kept."


def test_undo_keeps_decision_of_another_tab(reviewer_client):
    (row,) = submissions()
    decide(reviewer_client, row, "approve", 3)
    assert decide(reviewer_client, row, "approve", 5).status_code == 409
    response = undo(reviewer_client, row)
    assert (response.status_code, response.json()) == (409, {"detail": KEPT})
    row.refresh_from_db()
    assert (row.review, row.label) == ("approved", 3)


def test_undo_keeps_decision_that_replaced_it(reviewer_client):
    (row,) = submissions()
    decided_at = decide(reviewer_client, row, "approve", 1).json()["decided_at"]
    for decision in (7, 1):
        Submission.objects.update(label_noise=0.99)
        row.refresh_from_db()
        seen_at = row.reviewed_at.isoformat()
        body = {"id": row.pk, "seen_at": seen_at, "decision": decision}
        reviewer_client.post("/review/doubtful/", body)
        response = undo(reviewer_client, row, decided_at)
        assert (response.status_code, response.json()) == (409, {"detail": KEPT})
        row.refresh_from_db()
        assert (row.review, row.label) == ("approved", decision)


def test_undo_of_skip_keeps_later_decision(reviewer_client):
    (row,) = submissions()
    decide(reviewer_client, row, "skip")
    decide(reviewer_client, row, "reject")
    assert undo(reviewer_client, row).status_code == 409
    row.refresh_from_db()
    assert row.review == "rejected"


def test_repeated_decision_can_be_undone(reviewer_client):
    (row,) = submissions()
    responses = [decide(reviewer_client, row, "reject").json() for _ in range(2)]
    assert responses[0] == responses[1]
    assert undo(reviewer_client, row, responses[1]["decided_at"]).status_code == 200
    row.refresh_from_db()
    assert row.review == "pending"


def test_skipped_submissions_are_snoozed_until_requested(reviewer_client):
    first, second = submissions(2)
    decide(reviewer_client, first, "skip")
    assert claimed_ids(reviewer_client) == [second.pk]
    decide(reviewer_client, second, "skip")
    empty = claim(reviewer_client)
    assert (empty["cards"], empty["snoozed"]) == ([], 2)
    assert set(claimed_ids(reviewer_client, include_snoozed=1)) == {first.pk, second.pk}


def test_undo_of_skip_reclaims(reviewer_client):
    (row,) = submissions()
    decide(reviewer_client, row, "skip")
    undo(reviewer_client, row)
    assert claimed_ids(reviewer_client) == [row.pk]


def test_empty_queue_returns_no_cards(reviewer_client):
    assert claim(reviewer_client) == {
        "cards": [],
        "waiting": 0,
        "waiting_is_cut": False,
        "empty": "New drawings appear here automatically.",
        "snoozed": 0,
    }


def test_waiting_count_stops_at_limit(reviewer_client, monkeypatch):
    submissions(3)
    assert (claim(reviewer_client)["waiting"], claim(reviewer_client)["waiting_is_cut"]) == (
        3,
        False,
    )
    monkeypatch.setattr(queue, "COUNT_LIMIT", 2)
    assert (claim(reviewer_client)["waiting"], claim(reviewer_client)["waiting_is_cut"]) == (
        2,
        True,
    )


@pytest.mark.parametrize(
    ("fields", "choices"),
    [
        ({}, []),
        ({"corrected_digit": 7}, []),
        ({"corrected_digit": 1, "confidence": 0.6}, []),
        # The live version agrees with the visitor.
        ({"corrected_digit": 1, "live_prediction": 1}, []),
        ({"corrected_digit": 1}, ["1 – the visitor", "7 – the network"]),
        ({"corrected_digit": 1, "live_prediction": 4}, ["1 – the visitor", "4 – the network"]),
        ({"corrected_digit": 10}, ["not a digit – the visitor", "7 – the network"]),
    ],
)
def test_strong_disagreement_has_two_choices_and_no_default(reviewer_client, fields, choices):
    submissions(1, **fields)
    (card,) = claim(reviewer_client)["cards"]
    assert [choice["text"] for choice in card["choices"]] == choices


def test_deleted_submission_returns_410(visitor, reviewer_client):
    row = visitor.submit_and_get()
    visitor.delete(f"/api/v1/submissions/{row.pk}/")
    response = decide(reviewer_client, row, "approve", 7)
    assert response.status_code == 410
    assert response.json()["detail"] == "The visitor has deleted this drawing."


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"action": "approve"}, "Choose a label."),
        ({"action": "approve", "label": "11"}, "Select a valid choice"),
        ({"action": "dance"}, "Select a valid choice"),
        ({"action": "reject", "id": "1"}, "Enter a valid UUID."),
    ],
)
def test_invalid_decision_returns_400(reviewer_client, body, error):
    (row,) = submissions()
    response = reviewer_client.post("/review/decide/", {"id": str(row.pk)} | body)
    assert response.status_code == 400
    assert error in response.json()["detail"]
    row.refresh_from_db()
    assert row.review == "pending"


def test_query_count_does_not_grow_with_claim(reviewer_client, django_assert_num_queries):
    submissions(1)
    claim(reviewer_client)  # loads the live version
    # session, user, predictions to refresh (three), claim (three, and two for its savepoint),
    # cards, an unanswered blind review, near duplicates, waiting count
    with django_assert_num_queries(14):
        assert len(claimed_ids(reviewer_client)) == 1
    submissions(19)
    with django_assert_num_queries(14):
        assert len(claimed_ids(reviewer_client)) == 20


PAGES = (
    "/review/",
    "/review/bulk/",
    "/review/bulk/7/",
    "/review/dashboard/",
    "/review/agreement/",
)


@pytest.mark.parametrize("path", PAGES)
def test_redirects_visitors_to_login(path):
    response = Visitor().get(path)
    assert (response.status_code, response["Location"]) == (302, f"/admin/login/?next={path}")


@pytest.mark.parametrize("path", ["/review/claim/", "/review/decide/"])
def test_json_request_without_login_returns_401(path):
    response = Visitor().post(path, headers={"Accept": "application/json"})
    assert (response.status_code, response.json()["detail"]) == (401, "You are logged out.")


@pytest.mark.parametrize("path", PAGES)
def test_staff_without_permission_get_403(path, django_user_model):
    client = Visitor()
    client.force_login(django_user_model.objects.create_user("guest", is_staff=True))
    response = client.get(path)
    assert response.status_code == 403
    assert "group “Reviewers”" in response.content.decode()


def test_group_reviewers_has_access(django_user_model):
    client, user = Visitor(), django_user_model.objects.create_user("ada", is_staff=True)
    user.groups.add(Group.objects.get(name="Reviewers"))
    client.force_login(user)
    for path in PAGES[2:]:
        assert client.get(path).status_code == 200
    assert client.get("/admin/recognizer/submission/").status_code == 200


def test_rejects_post_without_csrf_token(reviewer):
    client = Visitor(enforce_csrf_checks=True)
    client.force_login(reviewer)
    assert client.post("/review/claim/").status_code == 403


def test_decision_on_stale_row_raises(reviewer, django_user_model):
    (row,) = submissions()
    stale = Submission.objects.get(pk=row.pk)
    row.approve(reviewer, Label.SEVEN)
    with pytest.raises(AlreadyReviewedError):
        stale.reject(django_user_model.objects.create_user("ada"))
    row.refresh_from_db()
    assert (row.review, row.label, row.reviewed_by) == ("approved", 7, reviewer)
