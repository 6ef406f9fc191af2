"""The signed cookie that identifies a visitor without an account."""

import re
import time
import uuid

import pytest
from django.apps import apps
from django.contrib.sessions.models import Session
from django.urls import get_resolver

from recognizer.accounts import owner_cookie, ownership
from recognizer.models import Submission
from recognizer.serving.model_registry import live_version
from tests.api.test_permissions import routes
from tests.support.factories import Visitor, drawing_png

pytestmark = pytest.mark.database

DAY = 24 * 60 * 60
LIST = "/api/v1/submissions/"


def shown(visitor):
    """Return the ids of the drawings that the visitor sees, by page and by API."""
    on_page = [str(row["submission"].pk) for row in visitor.get("/mine/").context["drawings"]]
    assert on_page == [row["id"] for row in visitor.get(LIST).json()["results"]]
    return on_page


def signed(owner, monkeypatch, days_ago=0):
    """Return the cookie of an owner as it was set some days ago."""
    now = time.time()
    with monkeypatch.context() as patch:
        patch.setattr(time, "time", lambda: now - days_ago * DAY)
        return owner_cookie.signed(owner)


@pytest.fixture
def row(visitor):
    return visitor.submit_and_get()


@pytest.fixture
def with_cookie():
    """Return a function that makes a visitor with this value of the cookie."""

    def make(value):
        other = Visitor()
        other.cookies["owner"] = value
        return other

    return make


def test_pages_without_cookies_store_nothing_and_set_no_owner(db):
    live_version()  # The first request of a new site stores the base.
    paths = [path for path in routes(get_resolver()) if not re.search("[<(^$]", path)]
    assert {"/", "/mine/", "/privacy/", "/login/", LIST, "/api/v1/docs/"} <= set(paths)
    models = apps.get_models()
    before = {model: list(model.objects.values_list("pk")) for model in models}
    for path in paths:
        for method in ("get", "head"):
            response = getattr(Visitor(), method)(path)
            assert response.status_code < 500
            assert not {"owner", "sessionid"} & response.cookies.keys(), path
    assert {model: list(model.objects.values_list("pk")) for model in models} == before


def test_first_drawing_sets_the_cookie_and_no_session(visitor):
    visitor.get("/")
    cookie = visitor.submit().cookies["owner"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")
    assert cookie["max-age"] == 365 * DAY
    assert "sessionid" not in visitor.cookies
    assert not Session.objects.exists()
    assert str(Submission.objects.get().owner) == cookie.value.split(":")[0]


def test_cookie_is_secure_with_https(visitor, settings):
    settings.SESSION_COOKIE_SECURE = True
    assert visitor.submit().cookies["owner"]["secure"]


def test_refused_drawing_sets_no_cookie(visitor):
    assert visitor.submit(b"not an image").status_code == 400
    assert "owner" not in visitor.cookies


def test_recognizing_sets_no_cookie(visitor):
    assert visitor.recognize(drawing_png()).status_code == 200
    assert "owner" not in visitor.cookies


def test_cookie_of_last_week_is_renewed(row, with_cookie, monkeypatch):
    old = signed(row.owner, monkeypatch, days_ago=8)
    response = with_cookie(old).get("/")
    assert response.cookies["owner"].value not in ("", old)
    assert shown(with_cookie(response.cookies["owner"].value)) == [str(row.pk)]


def test_cookie_of_yesterday_is_not_renewed(row, with_cookie, monkeypatch):
    recent = with_cookie(signed(row.owner, monkeypatch, days_ago=1))
    assert "owner" not in recent.get("/").cookies
    assert shown(recent) == [str(row.pk)]


def test_expired_cookie_counts_as_none(row, with_cookie, monkeypatch):
    expired = with_cookie(signed(row.owner, monkeypatch, days_ago=366))
    assert shown(expired) == []
    assert expired.submit().status_code == 201
    assert Submission.objects.exclude(owner=row.owner).count() == 1


@pytest.mark.parametrize(
    "tamper",
    [
        lambda value: "",
        lambda value: "rubbish",
        lambda value: value[:-1] + ("A" if value[-1] != "A" else "B"),
        lambda value: value.split(":")[0],
        lambda value: ":".join([str(uuid.uuid4()), *value.split(":")[1:]]),
        lambda value: value + "\u00e9",
    ],
)
def test_tampered_cookie_counts_as_none(visitor, row, with_cookie, tamper):
    tampered = with_cookie(tamper(visitor.cookies["owner"].value))
    assert tampered.get("/").status_code == 200
    assert shown(tampered) == []
    assert tampered.get(f"{LIST}{row.pk}/").status_code == 404
    assert tampered.correct(row.pk, 1).status_code == 404
    assert tampered.submit().status_code == 201


def test_cookie_of_a_former_secret_key_is_valid_with_a_fallback(visitor, row, settings):
    former, settings.SECRET_KEY = settings.SECRET_KEY, "a new key" * 10
    assert shown(visitor) == []
    settings.SECRET_KEY_FALLBACKS = [former]
    assert shown(visitor) == [str(row.pk)]


def test_session_of_an_earlier_release_turns_into_the_cookie(row):
    visitor = Visitor()
    session = visitor.session
    session[ownership.SESSION_KEY] = str(row.owner)
    session.save()
    # If the response with the cookie gets lost, the session still works.
    lost = Visitor()
    lost.cookies["sessionid"] = visitor.cookies["sessionid"].value
    assert lost.get("/mine/").cookies["owner"].value
    assert shown(visitor) == [str(row.pk)]
    assert visitor.cookies["owner"].value.startswith(str(row.owner))
    # Now the browser has sent both.
    assert not Session.objects.exists()
    assert visitor.cookies["sessionid"].value == ""
    assert shown(visitor) == [str(row.pk)]


def page_token(visitor):
    return re.search('data-owner-token="([^"]*)"', visitor.get("/").content.decode())[1]


def test_retry_is_stored_once_if_the_response_with_the_cookie_was_lost(visitor):
    headers = {"X-Owner-Token": page_token(visitor)}
    first, retry = Visitor(headers=headers), Visitor(headers=headers)
    assert first.submit(drawing_png()).status_code == 201
    assert retry.submit(drawing_png()).status_code == 200
    assert shown(Visitor()) == []
    retry.defaults.clear()
    assert len(shown(retry)) == 1


def test_page_corrects_and_deletes_without_cookies(visitor):
    headers = {"X-Owner-Token": page_token(visitor)}
    pk = Visitor(headers=headers).submit().json()["id"]
    assert Visitor(headers=headers).correct(pk, 1).status_code == 200
    assert Visitor(headers=headers).delete(f"{LIST}{pk}/").status_code == 204


def test_each_page_of_a_new_visitor_has_another_token(visitor):
    assert page_token(visitor) != page_token(visitor)


def test_page_of_a_known_visitor_has_no_token(visitor, row, reviewer_client):
    assert page_token(visitor) == ""
    assert page_token(reviewer_client) == ""


@pytest.mark.parametrize("use", ["cookie", "rubbish", "old"])
def test_invalid_tokens_count_as_none(visitor, row, monkeypatch, use):
    token = {"cookie": visitor.cookies["owner"].value, "rubbish": "x:y:z"}.get(use)
    if use == "old":
        now = time.time()
        with monkeypatch.context() as patch:
            patch.setattr(time, "time", lambda: now - 2 * DAY)
            token = page_token(Visitor())
    other = Visitor(headers={"X-Owner-Token": token})
    assert shown(other) == []
    pk = other.submit().json()["id"]
    assert Visitor(headers={"X-Owner-Token": token}).correct(pk, 1).status_code == 404


def test_cookie_wins_over_a_token(visitor, row):
    visitor.defaults["HTTP_X_OWNER_TOKEN"] = page_token(Visitor())
    visitor.submit(drawing_png(3))
    assert set(Submission.objects.values_list("owner", flat=True)) == {row.owner}
