"""Reviewing submissions in the admin: actions, the form, filters and access."""

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from recognizer.models import AlreadyReviewedError, Label, Submission
from tests.support.factories import Visitor, drawing_png
from tests.support.review_helpers import ids

pytestmark = pytest.mark.database

LIST = "/admin/recognizer/submission/"


def run_action(reviewer_client, action, *rows, label=""):
    """Run an action on the rows, as a page that showed them in this state."""
    shown = [f"{row.pk}={row.revision}" for row in rows]
    body = {"action": action, "_selected_action": ids(rows), "label": label, "shown": shown}
    return reviewer_client.post(LIST, body, follow=True)


def test_approve_uses_correction_as_label(visitor, reviewer_client, reviewer):
    row = visitor.submit_and_get(drawing_png(7), digit=1)
    run_action(reviewer_client, "approve", row)
    row.refresh_from_db()
    assert (row.review, row.label, row.reviewed_by) == ("approved", 1, reviewer)
    assert row.reviewed_at is not None
    entry = LogEntry.objects.get()
    assert (entry.user, entry.object_id, entry.change_message) == (
        reviewer,
        str(row.pk),
        "Approved as 1.",
    )


def test_approve_with_chosen_label(visitor, reviewer_client):
    corrected = visitor.submit_and_get(drawing_png(7), digit=1)
    uncorrected = visitor.submit_and_get(drawing_png(3))
    run_action(
        reviewer_client, "approve", corrected, uncorrected, label=str(Label.NOT_A_DIGIT.value)
    )
    assert set(Submission.objects.values_list("review", "label")) == {("approved", 10)}


def test_approve_skips_submission_without_correction(visitor, reviewer_client):
    row = visitor.submit_and_get()
    response = run_action(reviewer_client, "approve", row)
    assert "1 unchanged: no correction." in response.content.decode()
    row.refresh_from_db()
    assert (row.review, row.label) == ("pending", None)
    assert not LogEntry.objects.exists()


def test_reject_removes_label(visitor, reviewer_client, reviewer):
    row = visitor.submit_and_get(digit=1)
    row.approve(reviewer, Label.ONE)
    run_action(reviewer_client, "reject", row)
    row.refresh_from_db()
    assert (row.review, row.label, row.reviewed_by) == ("rejected", None, reviewer)
    assert LogEntry.objects.get().change_message == "Rejected."


@pytest.mark.parametrize(
    ("form", "expected", "message"),
    [
        ({"review": "approved", "label": "4"}, ("approved", 4), "Approved as 4."),
        ({"review": "approved", "label": "10"}, ("approved", 10), "Approved as not a digit."),
        ({"review": "approved", "label": ""}, ("approved", 1), "Approved as 1."),
        ({"review": "rejected", "label": "4"}, ("rejected", None), "Rejected."),
        ({"review": "pending", "label": ""}, ("pending", None), "No fields changed."),
        ({"review": "pending", "label": "4"}, ("pending", None), "No fields changed."),
    ],
)
def test_form_stores_review(visitor, reviewer_client, form, expected, message):
    row = visitor.submit_and_get(drawing_png(7), digit=1)
    page = f"{LIST}{row.pk}/change/"
    assert "stored image" in reviewer_client.get(page).content.decode()
    assert reviewer_client.post(page, form | {"shown": row.revision}).status_code == 302
    row.refresh_from_db()
    assert (row.review, row.label) == expected
    assert LogEntry.objects.get(object_id=row.pk).get_change_message() == message


def test_saving_unchanged_form_keeps_review(visitor, reviewer_client, django_user_model):
    row = visitor.submit_and_get(digit=1)
    ada = django_user_model.objects.create_user("ada")
    row.approve(ada, Label.ONE)
    row.confirm_label(ada)
    before = Submission.objects.filter(pk=row.pk).values().get()
    form = {"review": "approved", "label": "1", "shown": row.revision}
    assert reviewer_client.post(f"{LIST}{row.pk}/change/", form).status_code == 302
    assert Submission.objects.filter(pk=row.pk).values().get() == before


@pytest.mark.parametrize(("label", "is_confirmed"), [("1", True), ("4", False)])
def test_action_keeps_confirmation_of_same_label(
    visitor, reviewer_client, reviewer, label, is_confirmed
):
    row = visitor.submit_and_get(digit=1)
    row.approve(reviewer, Label.ONE)
    row.confirm_label(reviewer)
    run_action(reviewer_client, "approve", row, label=label)
    row.refresh_from_db()
    assert (row.label, row.label_confirmed) == (int(label), is_confirmed)


def test_form_with_another_label_removes_confirmation(visitor, reviewer_client, reviewer):
    row = visitor.submit_and_get(digit=1)
    row.approve(reviewer, Label.ONE)
    row.confirm_label(reviewer)
    form = {"review": "approved", "label": "4", "shown": row.revision}
    reviewer_client.post(f"{LIST}{row.pk}/change/", form)
    row.refresh_from_db()
    assert (row.label, row.label_confirmed) == (4, False)


def test_form_requires_label_without_correction(visitor, reviewer_client):
    row = visitor.submit_and_get()
    form = {"review": "approved", "label": "", "shown": row.revision}
    page = reviewer_client.post(f"{LIST}{row.pk}/change/", form)
    assert "Choose a label" in page.content.decode()
    row.refresh_from_db()
    assert row.review == "pending"


def test_visitor_can_correct_again_after_reopening(visitor, reviewer_client, reviewer):
    row = visitor.submit_and_get(digit=1)
    row.approve(reviewer, Label.ONE)
    form = {"review": "pending", "label": "", "shown": row.revision}
    reviewer_client.post(f"{LIST}{row.pk}/change/", form)
    assert visitor.correct(row.pk, 2).status_code == 200
    assert LogEntry.objects.get().change_message == "Review undone."


def listed_ids(reviewer_client, query):
    response = reviewer_client.get(f"{LIST}?{query}")
    assert response.status_code == 200
    return [row.pk for row in response.context["cl"].result_list]


def test_list_filters_and_search(visitor, reviewer_client, reviewer):
    seven = visitor.submit_and_get(drawing_png(7), digit=1)
    three = visitor.submit_and_get(drawing_png(3), digit=3)
    three.approve(reviewer, Label.THREE)
    assert listed_ids(reviewer_client, "predicted_digit__exact=7") == [seven.pk]
    assert listed_ids(reviewer_client, "corrected_digit__exact=1") == [seven.pk]
    assert listed_ids(reviewer_client, "label__exact=3") == [three.pk]
    assert listed_ids(reviewer_client, "review__exact=pending") == [seven.pk]
    assert listed_ids(reviewer_client, f"model_version__id__exact={seven.model_version_id}") == [
        three.pk,
        seven.pk,
    ]
    assert listed_ids(reviewer_client, "disagreement=yes") == [seven.pk]
    assert listed_ids(reviewer_client, "disagreement=no") == [three.pk]
    assert listed_ids(reviewer_client, "created__gte=2100-01-01+00:00:00%2B00:00") == []
    assert listed_ids(reviewer_client, f"q={seven.pk}") == [seven.pk]
    assert listed_ids(reviewer_client, "q=nonsense") == []


def test_query_count_does_not_grow_with_rows(visitor, reviewer_client, django_assert_num_queries):
    for seed in range(2):
        visitor.submit_and_get(drawing_png(2, seed))
    with django_assert_num_queries(5):  # session, user, versions to filter by, count, page
        assert reviewer_client.get(LIST).content.decode().count("data:image/png;base64,") == 2
    for seed in range(2, 8):
        visitor.submit_and_get(drawing_png(2, seed))
    with django_assert_num_queries(5):
        assert reviewer_client.get(LIST).content.decode().count("data:image/png;base64,") == 8


def test_redirects_visitors_to_login(visitor):
    assert Visitor().get(LIST).status_code == 302
    assert visitor.get(LIST + "add/").status_code == 302


def test_submissions_cannot_be_added(reviewer_client):
    assert reviewer_client.get(LIST + "add/").status_code == 403


def test_stale_form_does_not_overwrite_review(visitor, reviewer_client, reviewer):
    row = visitor.submit_and_get(digit=1)
    url = f"{LIST}{row.pk}/change/"
    shown = reviewer_client.get(url).context["adminform"].form.initial["shown"]
    row.approve(reviewer, Label.ONE)
    page = reviewer_client.post(url, {"review": "rejected", "label": "", "shown": shown})
    assert "The review or the correction of this submission has changed" in page.content.decode()
    row.refresh_from_db()
    assert (row.review, row.label) == ("approved", 1)

    shown = reviewer_client.get(url).context["adminform"].form.initial["shown"]
    reviewer_client.post(url, {"review": "rejected", "label": "", "shown": shown})
    row.refresh_from_db()
    assert row.review == "rejected"


@pytest.mark.parametrize("action", ["approve", "reject"])
def test_simultaneous_review_shows_warning(visitor, reviewer_client, monkeypatch, action):
    row = visitor.submit_and_get(digit=1)

    def raise_already_reviewed(self, *values):
        raise AlreadyReviewedError

    monkeypatch.setattr(Submission, action, raise_already_reviewed)
    page = run_action(reviewer_client, action, row).content.decode()
    assert "1 unchanged: corrected, reviewed or deleted in the meantime." in page
    assert f"0 {action}" in page
    body = {"review": action + ("d" if action == "approve" else "ed"), "label": ""}
    body["shown"] = row.revision
    page = reviewer_client.post(f"{LIST}{row.pk}/change/", body, follow=True).content.decode()
    assert "The review or the correction of this submission has changed" in page
    assert not LogEntry.objects.exists()


def test_approve_without_the_fields_of_the_page_changes_nothing(visitor, reviewer_client):
    row = visitor.submit_and_get(digit=4)
    page = reviewer_client.post(
        reverse("admin:recognizer_submission_changelist"),
        {"action": "approve", "_selected_action": [row.pk]},
    )
    assert page.status_code == 302
    row.refresh_from_db()
    assert row.review == "pending"
