"""Error responses of the API have the same form, even if no view handled the request."""

import pytest
from django.urls import path

from digitsite import urls
from recognizer.api.exceptions import CODES
from tests.support.factories import Visitor


def crashing_view(request):
    raise ZeroDivisionError


@pytest.mark.parametrize(
    ("method", "url", "status", "code"),
    [
        ("get", "nothing/", 404, "not_found"),
        ("get", "models/x/", 404, "not_found"),
        ("get", "submissions/not-a-uuid/", 404, "not_found"),
        ("put", "recognize/", 405, "method_not_allowed"),
    ],
)
def test_error_has_code_and_detail(visitor, method, url, status, code):
    response = getattr(visitor, method)(f"/api/v1/{url}")
    assert response.status_code == status == CODES[code][0]
    assert set(response.json()) == {"code", "detail"}
    assert response.json()["code"] == code


def test_rejects_a_missing_csrf_token(reviewer):
    client = Visitor(enforce_csrf_checks=True)
    client.force_login(reviewer)
    response = client.submit()
    assert (response.status_code, response.json()["code"]) == (403, "permission_denied")


def test_crash_returns_server_error(db, monkeypatch, settings):
    settings.ROOT_URLCONF = __name__
    response = Visitor(raise_request_exception=False).get("/api/v1/broken/")
    assert (response.status_code, response.json()["code"]) == (500, "server_error")


def test_other_paths_return_html(visitor):
    assert b"<html" in visitor.get("/nothing/").content


urlpatterns = [path("api/v1/broken/", crashing_view), *urls.urlpatterns]
handler500 = urls.handler500
