"""An id that no row can have is no server error, in any list and on any page of the admin."""

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.urls import reverse

from recognizer.models import ApiKey, Review, Submission
from tests.support.factories import Visitor, client_with_key

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]

ODD_IDS = [
    "abc",
    "",
    "-1",
    "\0",
    "_00",
    "9" * 19,
    "9" * 30,
    "9" * 5000,
    "1.5",
    "²",
    "nan",
    "x" * 10_000,
]
MODELS = [f"{model._meta.app_label}_{model._meta.model_name}" for model in admin.site._registry]
ACTIONS = {
    "recognizer_submission": ["approve", "reject", "delete_selected"],
    "recognizer_apikey": ["delete_selected"],
    "auth_user": ["delete_selected"],
    "auth_group": ["delete_selected"],
}


@pytest.fixture
def client(admin_client):
    admin_client.raise_request_exception = False
    return admin_client


def submit_action(client, model, action, *ids):
    body = {"action": action, "index": 0, "label": "7", "_selected_action": ids}
    return client.post(reverse(f"admin:{model}_changelist"), body, follow=True)


@pytest.mark.parametrize("odd", ODD_IDS, ids=lambda odd: repr(odd[:20]))
@pytest.mark.parametrize("model", ACTIONS)
def test_action_ignores_odd_ids(client, model, odd):
    for action in ACTIONS[model]:
        assert submit_action(client, model, action, odd).status_code == 200, action
        confirmed = {"action": action, "_selected_action": odd, "post": "yes"}
        page = client.post(reverse(f"admin:{model}_changelist"), confirmed, follow=True)
        assert page.status_code == 200, action


def test_action_applies_to_the_other_ids(client):
    rows = [Visitor().submit_and_get() for _ in range(2)]
    submit_action(client, "recognizer_submission", "reject", *ODD_IDS, rows[0].pk)
    for row in rows:
        row.refresh_from_db()
    assert [row.review for row in rows] == [Review.REJECTED, Review.PENDING]


def test_deletion_applies_to_the_other_ids(client):
    group = Group.objects.create(name="readers")
    user = User.objects.create_user("ana")
    client_with_key(User.objects.create_user("ben"), "read")
    kept = Group.objects.create(name="writers")
    for model, row in (("group", group), ("user", user), ("apikey", ApiKey.objects.get())):
        name = f"{row._meta.app_label}_{model}"
        page = submit_action(client, name, "delete_selected", *ODD_IDS, row.pk)
        assert page.status_code == 200
        confirmed = {"action": "delete_selected", "_selected_action": row.pk, "post": "yes"}
        client.post(reverse(f"admin:{name}_changelist"), confirmed)
        assert not type(row).objects.filter(pk=row.pk).exists()
    assert Group.objects.filter(pk=kept.pk).exists()


def test_odd_ids_alone_change_nothing(client):
    row = Visitor().submit_and_get()
    page = submit_action(client, "recognizer_submission", "reject", "abc")
    assert "Items must be selected" in page.text
    assert Submission.objects.get(pk=row.pk).review == Review.PENDING


@pytest.mark.parametrize("page", ["change", "history", "delete"])
@pytest.mark.parametrize("model", MODELS)
def test_page_of_an_odd_id_is_no_server_error(client, model, page):
    for odd in filter(None, ODD_IDS):
        url = reverse(f"admin:{model}_{page}", args=[odd])
        for method in (client.get, client.post):
            assert method(url, {"post": "yes"}).status_code < 500, odd[:20]
