"""API keys: users create and revoke their own on /keys/. Staff can revoke all keys in the admin."""

import re

import pytest
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission

from recognizer.accounts import api_keys
from recognizer.models import ApiKey
from tests.support.factories import Visitor, drawing_png
from tests.support.threads import run_at_once

pytestmark = pytest.mark.database

SECRET = re.compile(r"dgs_[0-9a-f]{64}")
NEW = {"name": "import script", "scopes": ["read", "submit"], "lifetime": "30"}


@pytest.fixture
def ana(django_user_model):
    return django_user_model.objects.create_user("ana", password="a long password")


@pytest.fixture
def browser(ana):
    client = Visitor()
    client.force_login(ana)
    return client


def test_created_key_can_submit(browser, ana):
    page = browser.post("/keys/", NEW)
    secret = SECRET.search(page.content.decode())[0]
    assert "no-store" in page["Cache-Control"]
    program = Visitor(headers={"Authorization": f"Bearer {secret}"})
    assert program.submit(drawing_png(7)).status_code == 201
    key = ApiKey.objects.get()
    assert (key.user, key.name, key.scopes) == (ana, "import script", ["read", "submit"])
    assert (key.expiry - key.created).days in (29, 30)


def test_secret_is_shown_once(browser):
    browser.post("/keys/", NEW)
    page = browser.get("/keys/").content.decode()
    assert "import script" in page
    assert not SECRET.search(page)


def test_revoked_key_is_rejected(browser):
    secret = SECRET.search(browser.post("/keys/", NEW).content.decode())[0]
    url = f"/keys/{ApiKey.objects.get().public_id}/revoke/"
    page = browser.post(url, follow=True).content.decode()
    assert "is revoked" in page
    assert "You have no keys yet" in page
    program = Visitor(headers={"Authorization": f"Bearer {secret}"})
    assert program.get("/api/v1/submissions/").status_code == 401


def test_audit_trail_records_creation_and_revocation(browser, ana):
    browser.post("/keys/", NEW)
    browser.post(f"/keys/{ApiKey.objects.get().public_id}/revoke/")
    trail = LogEntry.objects.order_by("pk")
    assert [entry.user for entry in trail] == [ana, ana]
    assert [entry.action_flag for entry in trail] == [1, 3]
    assert not any(SECRET.search(str(vars(entry))) for entry in trail)


def test_key_that_two_requests_revoke_is_recorded_once(ana):
    key, _ = api_keys.create_key(ana, "mine", ["read"], by=ana)
    for same in ApiKey.objects.get(), key:
        api_keys.revoke(same, by=ana)
    assert LogEntry.objects.filter(change_message__startswith="Revoked").count() == 1


def test_cannot_see_or_revoke_key_of_another_user(browser, reviewer):
    api_keys.create_key(reviewer, "theirs", ["read"], by=reviewer)
    assert "theirs" not in browser.get("/keys/").content.decode()
    assert browser.post(f"/keys/{ApiKey.objects.get().public_id}/revoke/").status_code == 404
    assert ApiKey.objects.exists()


def test_revoking_requires_post(browser, ana):
    key, _ = api_keys.create_key(ana, "mine", ["read"], by=ana)
    browser.get(f"/keys/{key.public_id}/revoke/")
    assert ApiKey.objects.exists()


def test_login_after_revoking_without_a_session_shows_the_keys(browser, ana):
    key, _ = api_keys.create_key(ana, "mine", ["read"], by=ana)
    browser.logout()
    login = browser.post(f"/keys/{key.public_id}/revoke/")["Location"]
    page = browser.post(login, {"username": "ana", "password": "a long password"}, follow=True)
    assert page.status_code == 200
    assert page.redirect_chain[-1] == ("/keys/", 302)
    assert ApiKey.objects.exists()


@pytest.mark.parametrize("path", ["", "16a77309-69e2-4dae-84cb-44ae48414340/revoke/"])
def test_requires_login(visitor, path):
    response = visitor.post(f"/keys/{path}", NEW)
    assert response["Location"].startswith("/login/?next=/keys/")
    assert not ApiKey.objects.exists()


def test_keys_page_requires_a_login_again_after_logout(visitor, ana):
    response = visitor.post(
        "/login/?next=/keys/", {"username": "ana", "password": "a long password"}
    )
    assert response["Location"] == "/keys/"
    assert b"logged in as ana" in visitor.get("/keys/").content
    visitor.post("/logout/")
    assert visitor.get("/keys/").status_code == 302


def test_login_does_not_redirect_to_other_sites(visitor, ana):
    response = visitor.post(
        "/login/", {"username": "ana", "password": "a long password", "next": "//evil.example/"}
    )
    assert response["Location"] == "/keys/"


@pytest.mark.parametrize(
    ("invalid", "error"),
    [
        ({"name": ""}, "This field is required"),
        ({"name": "x" * 61}, "at most 60 characters"),
        ({"scopes": []}, "This field is required"),
        ({"scopes": ["review"]}, "Select a valid choice"),
        ({"lifetime": "-1"}, "Select a valid choice"),
    ],
)
def test_rejects_invalid_form(browser, invalid, error):
    response = browser.post("/keys/", NEW | invalid)
    assert response.status_code == 400
    assert error in response.content.decode()
    assert not ApiKey.objects.exists()


def test_reviewer_can_create_key_with_review_scope(reviewer_client):
    assert reviewer_client.post("/keys/", NEW | {"scopes": ["review"]}).status_code == 200
    assert ApiKey.objects.get().scopes == ["review"]


def test_limits_number_of_keys(browser):
    assert [browser.post("/keys/", NEW).status_code for _ in range(11)] == [200] * 10 + [400]
    assert ApiKey.objects.count() == 10


@pytest.mark.django_db(transaction=True)
def test_simultaneous_requests_do_not_exceed_the_limit(browser, ana):
    cookies = browser.cookies

    def create():
        client = Visitor()
        client.cookies = cookies
        return client.post("/keys/", NEW).status_code

    statuses = run_at_once(*[create] * 14)
    assert sorted(statuses) == [200] * 10 + [400] * 4
    assert ApiKey.objects.count() == 10


@pytest.mark.parametrize("path", ["/admin/recognizer/apikey/add/", "/keys/"])
def test_nobody_creates_key_for_another_user(ana, reviewer, path):
    """Not even staff with all permissions on keys, who would get the rights of a superuser."""
    ana.is_staff = True
    ana.save()
    ana.user_permissions.set(Permission.objects.filter(content_type__model="apikey"))
    client = Visitor()
    client.force_login(ana)
    client.post(path, NEW | {"user": reviewer.pk, "_save": "Save"})
    assert not ApiKey.objects.filter(user=reviewer).exists()


def test_secret_is_only_in_the_response_to_the_form(browser):
    response = browser.post("/keys/", NEW)
    secret = SECRET.search(response.content.decode())[0]
    assert "no-store" in response["Cache-Control"]
    assert secret not in str(response.headers) + str(response.cookies)
    assert secret not in str(browser.cookies) + str(dict(browser.session))
    for page in ("/keys/", "/", "/mine/"):
        assert secret not in browser.get(page).content.decode()
    for model in apps.get_models():
        assert secret not in str(list(model.objects.values_list()))


def test_staff_revoke_key(reviewer_client, ana, reviewer):
    key, _ = api_keys.create_key(ana, "robot", ["submit"], by=ana)
    reviewer_client.post(f"/admin/recognizer/apikey/{key.pk}/delete/", {"post": "yes"})
    assert not ApiKey.objects.exists()
    assert LogEntry.objects.latest("pk").user == reviewer


def test_staff_cannot_change_key(reviewer_client, ana):
    key, _ = api_keys.create_key(ana, "robot", ["submit"], by=ana)
    url = f"/admin/recognizer/apikey/{key.pk}/change/"
    reviewer_client.post(url, {"user": ana.pk, "name": "robot", "scopes": ["review"]})
    assert ApiKey.objects.get().scopes == ["submit"]
    assert reviewer_client.get(url).status_code == 200


def test_audit_trail_is_read_only(reviewer_client, ana):
    api_keys.create_key(ana, "robot", ["submit"], by=ana)
    page = reviewer_client.get("/admin/admin/logentry/").content.decode()
    assert "Created for ana with the scopes submit." in page
    entry = LogEntry.objects.get()
    for action in ("change", "delete"):
        reviewer_client.post(f"/admin/admin/logentry/{entry.pk}/{action}/", {"post": "yes"})
    assert LogEntry.objects.get() == entry
    assert reviewer_client.get("/admin/admin/logentry/add/").status_code == 403


def test_admin_shows_the_scopes_of_a_key_as_text(reviewer_client, ana):
    key, _ = api_keys.create_key(ana, "a script", ["read", "submit"], by=ana)
    page = reviewer_client.get(f"/admin/recognizer/apikey/{key.pk}/change/").content.decode()
    assert "read, submit" in page
    assert "[&quot;read&quot;" not in page
