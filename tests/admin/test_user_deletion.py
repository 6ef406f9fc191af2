"""Deleting users in the admin also deletes their drawings."""

import pytest
from django.contrib.admin.models import DELETION, LogEntry
from django.contrib.auth.models import Permission, User

from recognizer.models import Label, Submission
from recognizer.serving import model_registry
from tests.support.factories import Visitor, drawing_png, learn

pytestmark = pytest.mark.database


def logged_in(user):
    client = Visitor()
    client.force_login(user)
    return client


@pytest.fixture
def ana(django_user_model, reviewer):
    """Return a user with two drawings. Version 1 was trained on one of them."""
    user = django_user_model.objects.create_user("ana")
    visitor = logged_in(user)
    row = visitor.submit_and_get(drawing_png(3), digit=3)
    row.approve(reviewer, Label.THREE)
    learn(model_registry.live_version(), row)
    visitor.submit_and_get(drawing_png(4))
    return user


@pytest.fixture
def ben(django_user_model):
    user = django_user_model.objects.create_user("ben")
    logged_in(user).submit_and_get()
    return user


def delete_selected(client, *users, **body):
    chosen = [user.pk for user in users]
    body = {"action": "delete_selected", "_selected_action": chosen, **body}
    return client.post("/admin/auth/user/", body)


def deletion_messages():
    entries = LogEntry.objects.filter(action_flag=DELETION, content_type__model="submission")
    return list(entries.values_list("user__username", "change_message"))


def test_deletes_the_drawings_of_one_user(reviewer_client, ana, ben):
    Visitor().submit_and_get(drawing_png(5))
    response = reviewer_client.post(f"/admin/auth/user/{ana.pk}/delete/", {"post": "yes"})
    assert response.status_code == 302
    assert not User.objects.filter(pk=ana.pk).exists()
    assert Submission.objects.count() == 2
    live = model_registry.live_version()
    assert not live.ledger_entries.exists()
    assert sum(live.deleted_entry_counts.values_list("count", flat=True)) == 1
    assert deletion_messages() == [
        ("rosa", "Deleted together with the account: 2. Trained on by version 1.")
    ]


def test_deletes_the_drawings_of_several_users(reviewer_client, ana, ben):
    assert delete_selected(reviewer_client, ana, ben, post="yes").status_code == 302
    assert User.objects.filter(username__in=["ana", "ben"]).count() == 0
    assert not Submission.objects.exists()
    assert deletion_messages() == [
        ("rosa", "Deleted together with the account: 3. Trained on by version 1.")
    ]


def test_confirmation_shows_the_number_of_drawings(reviewer_client, ana, ben):
    one = reviewer_client.get(f"/admin/auth/user/{ana.pk}/delete/").content.decode()
    assert "<li>Submissions: 2</li>" in one
    several = delete_selected(reviewer_client, ana, ben).content.decode()
    assert "<li>Submissions: 3</li>" in several
    assert Submission.objects.count() == 3


def test_user_without_drawings_leaves_no_entry_about_drawings(reviewer_client, django_user_model):
    cleo = django_user_model.objects.create_user("cleo")
    page = f"/admin/auth/user/{cleo.pk}/delete/"
    assert "Submissions:" not in reviewer_client.get(page).content.decode()
    reviewer_client.post(page, {"post": "yes"})
    assert deletion_messages() == []


def test_needs_the_permission_to_delete_drawings(django_user_model, ana):
    manager = django_user_model.objects.create_user("carl", is_staff=True)
    codenames = ["view_user", "delete_user"]
    manager.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client = logged_in(manager)
    page = f"/admin/auth/user/{ana.pk}/delete/"
    assert client.post(page, {"post": "yes"}).status_code == 403
    delete_selected(client, ana, post="yes")
    assert (User.objects.filter(pk=ana.pk).count(), Submission.objects.count()) == (1, 2)

    Submission.objects.all().delete()
    assert client.post(page, {"post": "yes"}).status_code == 302
