"""Every error of the API has one form, also where no view of it was reached."""

import pytest
from django.urls import path
from kit import Visitor

from digitsite import urls
from recognizer.api.errors import CODES


def broken(request):
    raise ZeroDivisionError


@pytest.mark.parametrize(
    ("method", "where", "status", "code"),
    [
        ("get", "nothing/", 404, "not_found"),
        ("get", "models/x/", 404, "not_found"),
        ("get", "submissions/not-a-uuid/", 404, "not_found"),
        ("put", "recognize/", 405, "method_not_allowed"),
    ],
)
def test_it_works(visitor, method, where, status, code):
    response = getattr(visitor, method)(f"/api/v1/{where}")
    assert response.status_code == status == CODES[code][0]
    assert set(response.json()) == {"code", "detail"}
    assert response.json()["code"] == code


def test_a_body_that_is_no_json(visitor):
    response = visitor.post("/api/v1/recognize/", "{", content_type="application/json")
    assert (response.status_code, response.json()["code"]) == (400, "parse_error")


def test_a_body_that_is_neither(visitor):
    response = visitor.post("/api/v1/recognize/", "7", content_type="text/plain")
    assert (response.status_code, response.json()["code"]) == (415, "unsupported_media_type")


def test_a_missing_csrf_token(reviewer):
    client = Visitor(enforce_csrf_checks=True)
    client.force_login(reviewer)
    response = client.submit()
    assert (response.status_code, response.json()["code"]) == (403, "permission_denied")


def test_a_mistake_of_ours(db, monkeypatch, settings):
    settings.ROOT_URLCONF = "test_errors"
    response = Visitor(raise_request_exception=False).get("/api/v1/broken/")
    assert (response.status_code, response.json()["code"]) == (500, "server_error")


def test_pages_for_people_stay_pages(visitor):
    assert b"<html" in visitor.get("/nothing/").content


urlpatterns = [path("api/v1/broken/", broken), *urls.urlpatterns]
handler500 = urls.handler500
