"""Putting another version live, and rolling back, from the admin."""

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import Client
from kit import Visitor, damage, delete_files, new_version

from recognizer import registry
from recognizer.models import State


@pytest.fixture
def base(db):
    return registry.live_version()


def page(version):
    return f"/admin/recognizer/modelversion/{version.pk}/change/"


def put_live(version):
    return f"/admin/recognizer/modelversion/{version.pk}/put-live/"


def test_put_live(base, desk, reviewer, monkeypatch):
    monkeypatch.setattr(registry, "FOLLOW_SECONDS", 0)
    newer = new_version(base)
    html = desk.get(page(newer)).content.decode()
    assert f'<a href="{put_live(newer)}">Put version 2 live</a>' in html
    asked = desk.get(put_live(newer)).content.decode()
    assert "instead of version 1" in asked
    assert "errornote" not in asked
    assert registry.serving().number == 1  # asking does nothing
    done = desk.post(put_live(newer), follow=True)
    assert done.redirect_chain == [(page(newer), 302)]
    assert "ersion 2 is live instead of version 1" in done.content.decode()
    assert registry.serving().number == 2
    entry = LogEntry.objects.get()
    assert (entry.user, entry.object_id) == (reviewer, str(newer.pk))
    history = desk.get(page(newer).replace("change", "history")).content.decode()
    assert "Put live instead of version 1." in history


def test_the_log_names_who_did_it(base, desk, caplog, django_capture_on_commit_callbacks):
    newer = new_version(base)
    with django_capture_on_commit_callbacks(execute=True):
        desk.post(put_live(newer))
    assert "version 2 is live instead of version 1, put there by rosa" in caplog.text


def test_roll_back(base, desk):
    registry.promote(new_version(base), by="a test")
    html = desk.get(page(base)).content.decode()
    assert f'<a href="{put_live(base)}">Roll back to version 1</a>' in html
    desk.post(put_live(base))
    assert registry.live_version() == base


def test_a_refused_version_goes_live_after_a_warning(base, desk):
    refused = new_version(base, state=State.REFUSED, reason="digit 3: 9 drawings lost.")
    registry.promote(new_version(base), by="a test")
    # Older than the live one, but it never was live: nothing to roll back to.
    assert "Put version 2 live</a>" in desk.get(page(refused)).content.decode()
    asked = desk.get(put_live(refused)).content.decode()
    assert "The retraining refused version 2: digit 3: 9 drawings lost." in asked
    desk.post(put_live(refused))
    assert registry.live_version() == refused
    assert registry.live_version().reason == "digit 3: 9 drawings lost. Put live by force."


def test_the_live_one_has_no_button(base, desk):
    assert "put-live" not in desk.get(page(base)).content.decode()
    for again in (desk.get(put_live(base), follow=True), desk.post(put_live(base), follow=True)):
        assert "ersion 1 is live already" in again.content.decode()
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize(("harm", "why"), [(damage, "the model"), (delete_files, "files deleted")])
def test_a_version_that_reads_nothing_is_not_put_live(base, desk, harm, why):
    bad = new_version(base)
    harm(bad)
    assert put_live(bad) not in desk.get(page(bad)).content.decode()
    asked = desk.get(put_live(bad))
    assert asked.status_code == 200
    assert f"Version 2 cannot be put live: {why}" in asked.content.decode()
    assert 'class="put-live"' not in asked.content.decode()
    answer = desk.post(put_live(bad), follow=True)
    assert answer.status_code == 200
    assert f"ersion 2 was not put live: {why}" in answer.content.decode()
    assert registry.live_version() == base
    assert not LogEntry.objects.exists()


def test_only_who_may_change_versions(base, django_user_model):
    newer = new_version(base)
    clerk = django_user_model.objects.create_user("carl", is_staff=True)
    client = Visitor()
    client.force_login(clerk)
    clerk.user_permissions.add(Permission.objects.get(codename="view_modelversion"))
    assert "put-live" not in client.get(page(newer)).content.decode()
    assert client.get(put_live(newer)).status_code == 403
    assert client.post(put_live(newer)).status_code == 403
    assert registry.live_version() == base
    clerk.user_permissions.add(Permission.objects.get(codename="change_modelversion"))
    assert client.post(put_live(newer)).status_code == 302
    assert registry.live_version() == newer


def test_nobody_else(base, visitor):
    newer = new_version(base)
    assert visitor.post(put_live(newer)).url.startswith("/admin/login/")
    assert registry.live_version() == base


def test_not_without_a_csrf_token(base, reviewer):
    newer = new_version(base)
    client = Client(enforce_csrf_checks=True)
    client.force_login(reviewer)
    assert client.post(put_live(newer)).status_code == 403
    assert registry.live_version() == base


def test_no_such_version(base, desk):
    assert desk.get("/admin/recognizer/modelversion/99/put-live/").status_code == 404
