"""Promoting a version and rolling back in the admin."""

import re

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import Client

from recognizer.models import VersionState
from recognizer.serving import model_registry
from tests.support.factories import Visitor, corrupt, create_version, promotion_form, prune_files

pytestmark = pytest.mark.database


def page(version):
    return f"/admin/recognizer/modelversion/{version.pk}/change/"


def promote_url(version):
    return f"/admin/recognizer/modelversion/{version.pk}/promote/"


def test_promotes_after_confirmation(base, reviewer_client, reviewer, monkeypatch):
    monkeypatch.setattr(model_registry, "REFRESH_SECONDS", 0)
    newer = create_version(base)
    html = reviewer_client.get(page(newer)).content.decode()
    assert f'<a href="{promote_url(newer)}">Promote version 2</a>' in html
    confirmation = reviewer_client.get(promote_url(newer)).content.decode()
    assert "will replace version 1" in confirmation
    assert "errornote" not in confirmation
    assert model_registry.loaded_version().number == 1  # the GET changes nothing
    done = reviewer_client.post(promote_url(newer), promotion_form(newer), follow=True)
    assert done.redirect_chain == [(page(newer), 302)]
    assert "ersion 2 replaces version 1" in done.content.decode()
    assert model_registry.loaded_version().number == 2
    entry = LogEntry.objects.get()
    assert (entry.user, entry.object_id) == (reviewer, str(newer.pk))
    history = reviewer_client.get(page(newer).replace("change", "history")).content.decode()
    assert "Promoted. It replaces version 1." in history


def test_log_names_user(base, reviewer_client, caplog, django_capture_on_commit_callbacks):
    newer = create_version(base)
    with django_capture_on_commit_callbacks(execute=True):
        reviewer_client.post(promote_url(newer), promotion_form(newer))
    assert "version 2 is live instead of version 1, promoted by rosa" in caplog.text


def test_rolls_back_to_earlier_version(base, reviewer_client):
    model_registry.promote(create_version(base), by="a test")
    html = reviewer_client.get(page(base)).content.decode()
    assert f'<a href="{promote_url(base)}">Roll back to version 1</a>' in html
    reviewer_client.post(promote_url(base), promotion_form(base))
    assert model_registry.live_version() == base


def test_promotes_rejected_version_after_warning(base, reviewer_client):
    rejected = create_version(
        base, state=VersionState.REJECTED, reason="digit 3: 9 drawings broken."
    )
    model_registry.promote(create_version(base), by="a test")
    # It is older than the live version, but it was never live: this is not a rollback.
    assert "Promote version 2</a>" in reviewer_client.get(page(rejected)).content.decode()
    confirmation = reviewer_client.get(promote_url(rejected)).content.decode()
    assert "Version 2 was rejected after its training: digit 3: 9 drawings broken." in confirmation
    reviewer_client.post(promote_url(rejected), promotion_form(rejected))
    assert model_registry.live_version() == rejected
    assert model_registry.live_version().reason == "digit 3: 9 drawings broken. Promoted by force."


def hidden_fields(client, version):
    """Return the hidden fields of the confirmation page."""
    html = client.get(promote_url(version)).content.decode()
    return dict(re.findall(r'<input type="hidden" name="(live|state)" value="(\w+)">', html))


def test_page_opened_before_another_promotion_promotes_nothing(base, reviewer_client):
    newer, other = create_version(base), create_version(base)
    shown = hidden_fields(reviewer_client, newer)
    assert shown == {"live": "1", "state": "retired"}
    model_registry.promote(other, by="a test")
    again = reviewer_client.post(promote_url(newer), shown, follow=True)
    assert again.redirect_chain == [(promote_url(newer), 302)]
    assert "Nothing was promoted" in again.content.decode()
    assert "will replace version 3" in again.content.decode()
    assert model_registry.live_version() == other
    reviewer_client.post(promote_url(newer), hidden_fields(reviewer_client, newer))
    assert model_registry.live_version() == newer


def test_page_opened_before_a_rejection_promotes_nothing(base, reviewer_client):
    candidate = create_version(base, state=VersionState.CANDIDATE, reason="Accepted.")
    shown = hidden_fields(reviewer_client, candidate)
    candidate.reject()
    again = reviewer_client.post(promote_url(candidate), shown, follow=True)
    assert "Accepted. Rejected by a person." in again.content.decode()
    assert model_registry.live_version() == base


def test_post_without_the_shown_state_promotes_nothing(base, reviewer_client):
    newer = create_version(base)
    response = reviewer_client.post(promote_url(newer))
    assert (response.status_code, response.url) == (302, promote_url(newer))
    assert model_registry.live_version() == base


def test_live_version_cannot_be_promoted(base, reviewer_client):
    assert "/promote/" not in reviewer_client.get(page(base)).content.decode()
    for again in (
        reviewer_client.get(promote_url(base), follow=True),
        reviewer_client.post(promote_url(base), promotion_form(base), follow=True),
    ):
        assert "ersion 1 is already live" in again.content.decode()
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize(
    ("make_unusable", "reason"), [(corrupt, "the model"), (prune_files, "files deleted")]
)
def test_unusable_version_is_not_promoted(base, reviewer_client, make_unusable, reason):
    bad = create_version(base)
    make_unusable(bad)
    assert promote_url(bad) not in reviewer_client.get(page(bad)).content.decode()
    confirmation = reviewer_client.get(promote_url(bad))
    assert confirmation.status_code == 200
    assert f"Version 2 cannot be promoted: {reason}" in confirmation.content.decode()
    assert 'class="promote"' not in confirmation.content.decode()
    response = reviewer_client.post(promote_url(bad), promotion_form(bad), follow=True)
    assert response.status_code == 200
    assert f"ersion 2 was not promoted: {reason}" in response.content.decode()
    assert model_registry.live_version() == base
    assert not LogEntry.objects.exists()


def test_requires_permission_to_change_versions(base, django_user_model):
    newer = create_version(base)
    clerk = django_user_model.objects.create_user("carl", is_staff=True)
    client = Visitor()
    client.force_login(clerk)
    clerk.user_permissions.add(Permission.objects.get(codename="view_modelversion"))
    assert "/promote/" not in client.get(page(newer)).content.decode()
    assert client.get(promote_url(newer)).status_code == 403
    assert client.post(promote_url(newer), promotion_form(newer)).status_code == 403
    assert model_registry.live_version() == base
    clerk.user_permissions.add(Permission.objects.get(codename="change_modelversion"))
    assert client.post(promote_url(newer), promotion_form(newer)).status_code == 302
    assert model_registry.live_version() == newer


def test_redirects_visitors_to_login(base, visitor):
    newer = create_version(base)
    assert visitor.post(promote_url(newer), promotion_form(newer)).url.startswith("/admin/login/")
    assert model_registry.live_version() == base


def test_rejects_post_without_csrf_token(base, reviewer):
    newer = create_version(base)
    client = Client(enforce_csrf_checks=True)
    client.force_login(reviewer)
    assert client.post(promote_url(newer), promotion_form(newer)).status_code == 403
    assert model_registry.live_version() == base


def test_unknown_version_returns_404(base, reviewer_client):
    assert reviewer_client.get("/admin/recognizer/modelversion/99/promote/").status_code == 404
