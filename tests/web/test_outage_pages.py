"""During an outage of the database, pages say so with status 503."""

import pytest
from django.db import InterfaceError, InternalError, OperationalError, connection

from recognizer.serving.model_registry import CorruptModelError
from tests.support.factories import Visitor

PAGES = ("/mine/", "/keys/", "/review/", "/review/dashboard/", "/admin/", "/admin/auth/user/")


@pytest.fixture
def client(reviewer):
    client = Visitor(raise_request_exception=False)
    client.force_login(reviewer)
    return client


def unavailable(error):
    def fail(*_):
        raise error

    return connection.execute_wrapper(fail)


@pytest.mark.parametrize("page", PAGES)
def test_page_explains_the_outage_with_status_503(client, page):
    with unavailable(OperationalError("database is locked")):
        response = client.get(page)
    assert response.status_code == 503
    assert "temporarily unavailable" in response.content.decode()
    assert client.get(page).status_code == 200


@pytest.mark.parametrize(
    "error",
    [
        InterfaceError("connection already closed"),
        InternalError("could not read block 0"),
        CorruptModelError("no version"),
    ],
)
def test_every_kind_of_outage_is_503(client, error):
    with unavailable(error):
        assert client.get("/mine/").status_code == 503


def test_other_errors_stay_500(client):
    with unavailable(ZeroDivisionError()):
        response = client.get("/mine/")
    assert response.status_code == 500
    assert "our side" in response.content.decode()


def test_login_is_503(client, db):
    with unavailable(OperationalError("database or disk is full")):
        response = client.post("/login/", {"username": "rosa", "password": "a long password"})
    assert response.status_code == 503


def test_page_is_in_the_language_of_the_visitor(client):
    with unavailable(OperationalError("database is locked")):
        response = client.get("/mine/", headers={"Accept-Language": "fr"})
    assert "indisponible" in response.content.decode()


def test_api_answers_in_json_even_outside_of_its_views(client, settings):
    """The session is saved after the view."""
    settings.SESSION_SAVE_EVERY_REQUEST = True
    with unavailable(OperationalError("database or disk is full")):
        response = client.get("/api/v1/models/")
    assert (response.status_code, response.json()["code"]) == (503, "unavailable")
