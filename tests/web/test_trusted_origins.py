"""`CSRF_TRUSTED_ORIGINS` allows the site's pages if a proxy changes host, port or scheme."""

import pytest

from tests.support.factories import Visitor

OUTSIDE = "https://digits.example"


@pytest.fixture
def origins(settings):
    settings.CSRF_TRUSTED_ORIGINS = [OUTSIDE]


def log_in(origin):
    visitor = Visitor(enforce_csrf_checks=True)
    visitor.get("/login/")
    token = visitor.cookies["csrftoken"].value
    body = {"username": "rosa", "password": "a long password", "csrfmiddlewaretoken": token}
    return visitor.post("/login/", body, HTTP_ORIGIN=origin).status_code


def submit(origin):
    return Visitor(headers={"origin": origin}).submit().status_code


def test_allows_log_in_and_drawings_of_a_trusted_origin(reviewer, origins):
    assert log_in(OUTSIDE) == 302
    assert submit(OUTSIDE) == 201


def test_refuses_other_origins(reviewer, origins):
    for origin in ("https://other.example", "http://digits.example", "null"):
        assert log_in(origin) == 403
        assert submit(origin) == 403


def test_refuses_every_other_origin_by_default(reviewer):
    assert log_in(OUTSIDE) == 403
    assert submit(OUTSIDE) == 403
