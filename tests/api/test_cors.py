"""`CORS_ORIGINS` lets web pages of other sites use the API. By default, none may."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from digitsite import env
from tests.support.factories import Visitor, drawing_png, upload

ORIGIN = "https://example.org"


def post(visitor, origin=ORIGIN):
    return visitor.post(
        "/api/v1/recognize/", {"image": upload(drawing_png(7))}, headers={"Origin": origin}
    )


def preflight(visitor, path="/api/v1/recognize/"):
    headers = {"Origin": ORIGIN, "Access-Control-Request-Method": "POST"}
    return visitor.options(path, headers=headers)


def test_is_off_by_default(visitor):
    assert "Access-Control-Allow-Origin" not in preflight(visitor)
    response = post(visitor)
    assert response.status_code == 403
    assert "Access-Control-Allow-Origin" not in response


def test_lets_pages_of_the_origin_use_the_api(visitor, settings):
    settings.CORS_ALLOWED_ORIGINS = [ORIGIN]
    allowed = preflight(visitor)
    assert allowed["Access-Control-Allow-Origin"] == ORIGIN
    assert "authorization" in allowed["Access-Control-Allow-Headers"]
    assert "idempotency-key" in allowed["Access-Control-Allow-Headers"]
    response = post(visitor)
    assert response.json()["digit"] == 7
    assert response["Access-Control-Allow-Origin"] == ORIGIN
    assert "RateLimit" in response["Access-Control-Expose-Headers"]
    assert "Access-Control-Allow-Credentials" not in response


def test_refuses_other_origins_and_other_pages(visitor, settings):
    settings.CORS_ALLOWED_ORIGINS = [ORIGIN]
    assert post(visitor, "https://example.com").status_code == 403
    assert "Access-Control-Allow-Origin" not in preflight(visitor, "/login/")


def test_cookies_still_need_a_csrf_token(db, settings):
    settings.CORS_ALLOWED_ORIGINS = [ORIGIN]
    visitor = Visitor(enforce_csrf_checks=True)
    visitor.submit(drawing_png(3))
    assert post(visitor).status_code == 403


@pytest.mark.parametrize("value", ["example.org", "https://example.org/", "*", "https://a b"])
def test_rejects_what_is_not_an_origin(monkeypatch, value):
    monkeypatch.setenv("CORS_ORIGINS", f"http://localhost:3000, {value}")
    with pytest.raises(ImproperlyConfigured, match="CORS_ORIGINS must be origins"):
        env.SettingsEnv().names("CORS_ORIGINS", "", env.ORIGIN)
