"""DELETE lists the versions that were trained on the data. The audit trail names no owner."""

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model

from recognizer.models import Label, Submission, VersionState
from recognizer.serving import model_registry
from recognizer.training.training_data import select
from tests.support.factories import Visitor, client_with_key, create_version, drawing_png, learn

pytestmark = pytest.mark.database

LIST = "/api/v1/submissions/"


@pytest.fixture
def learned(visitor, reviewer):
    """Return a submission that versions 2 and 4 were trained on. Version 4 was rejected.

    Version 3 was trained after version 2, but not on the submission.
    """
    row = visitor.submit_and_get(drawing_png(7), digit=7)
    row.approve(reviewer, Label.SEVEN)
    base = model_registry.live_version()
    second = create_version(base)
    create_version(second)
    rejected = create_version(base, state=VersionState.REJECTED)
    learn(second, row)
    learn(rejected, row)
    return row


def audit_messages():
    return [entry.change_message for entry in LogEntry.objects.order_by("pk")]


def test_lists_the_versions_that_were_trained_on_it(visitor, learned):
    response = visitor.delete(f"{LIST}{learned.pk}/")
    assert response.status_code == 200
    assert response.json()["learned_in"] == [2, 4]
    assert response.json()["detail"].startswith("Deleted. Versions 2, 4 were trained on this")
    assert not Submission.objects.exists()


def test_returns_204_if_no_version_was_trained_on_it(visitor):
    row = visitor.submit_and_get()
    response = visitor.delete(f"{LIST}{row.pk}/")
    assert (response.status_code, response.content) == (204, b"")


def test_deletes_all_submissions_of_the_owner(visitor, learned):
    visitor.submit_and_get(drawing_png(3))
    Visitor().submit_and_get()
    assert visitor.delete(LIST).json()["learned_in"] == [2, 4]
    assert Submission.objects.count() == 1
    assert audit_messages() == ["Deleted by the visitor: 2. Trained on by version 2, version 4."]


def test_next_training_run_does_not_use_it(visitor, learned):
    assert len(select(include_pending=True).training) == 1
    visitor.delete(f"{LIST}{learned.pk}/")
    assert select(include_pending=True).training == []


def test_detail_is_translated(visitor, learned):
    response = visitor.delete(LIST, headers={"Accept-Language": "fr"})
    assert "versions 2, 4" in response.json()["detail"]
    assert not response.json()["detail"].startswith("Deleted")


def test_audit_entry_names_no_owner(visitor, reviewer_client):
    row = visitor.submit_and_get()
    visitor.delete(f"{LIST}{row.pk}/")
    (entry,) = LogEntry.objects.values()
    assert entry["change_message"] == "Deleted by the visitor: 1."
    assert entry["object_id"] is None
    assert str(row.pk) not in str(entry)
    assert (
        "Deleted by the visitor: 1."
        in reviewer_client.get("/admin/admin/logentry/").content.decode()
    )


def test_audit_entry_names_no_user(django_user_model):
    ana = django_user_model.objects.create_user("ana")
    program = client_with_key(ana, "submit")
    LogEntry.objects.all().delete()
    program.delete(f"{LIST}{program.submit().json()['id']}/")
    assert LogEntry.objects.get().user.username == "a visitor"


def test_visitor_account_cannot_log_in(visitor):
    visitor.submit_and_get()
    visitor.delete(LIST)
    account = get_user_model().objects.get(username="a visitor")
    assert not account.is_active
    assert not account.has_usable_password()


def test_nothing_is_recorded_if_nothing_is_deleted(visitor):
    row = visitor.submit_and_get()
    assert Visitor().delete(f"{LIST}{row.pk}/").status_code == 404
    assert Visitor().delete(LIST).status_code == 204
    assert audit_messages() == []


def expecting(owner):
    """Return the headers with which *My drawings* deletes drawings that it showed to `owner`."""
    return {"X-Expected-Owner": str(owner)}


def assert_refused(response, reason):
    assert (response.status_code, response.json()["code"]) == (409, "owner_changed")
    assert response.json()["detail"].startswith(f"Nothing was deleted: {reason}")


def test_deletes_for_the_expected_owner(visitor):
    row = visitor.submit_and_get(drawing_png(3))
    visitor.submit_and_get(drawing_png(4))
    headers = expecting(row.owner)
    assert visitor.delete(f"{LIST}{row.pk}/", headers=headers).status_code == 204
    assert visitor.delete(f"{LIST}{row.pk}/", headers=headers).status_code == 404
    assert visitor.delete(LIST, headers=headers).status_code == 204
    assert not Submission.objects.exists()


def test_after_a_logout_the_response_says_so(reviewer_client):
    row = reviewer_client.submit_and_get()
    reviewer_client.logout()
    for url in (LIST, f"{LIST}{row.pk}/"):
        response = reviewer_client.delete(url, headers=expecting(row.owner))
        assert_refused(response, "you are logged out")
    assert Submission.objects.count() == 1


def test_after_a_login_only_a_single_drawing_is_deleted(visitor, reviewer_client, reviewer):
    """The account may have drawings that the page did not show to the anonymous visitor."""
    reviewer_client.submit_and_get(drawing_png(3))
    row = visitor.submit_and_get(drawing_png(4))
    visitor.force_login(reviewer)
    assert_refused(visitor.delete(LIST, headers=expecting(row.owner)), "you have logged in")
    assert Submission.objects.count() == 2
    response = visitor.delete(f"{LIST}{row.pk}/", headers=expecting(row.owner))
    assert response.status_code == 204


def test_account_does_not_delete_the_drawings_of_another_account(reviewer_client, visitor):
    row = reviewer_client.submit_and_get()
    visitor.force_login(get_user_model().objects.create_user("ana"))
    for url in (LIST, f"{LIST}{row.pk}/"):
        assert_refused(visitor.delete(url, headers=expecting(row.owner)), "you have logged in")
