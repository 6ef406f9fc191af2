"""Writes with a cookie need a CSRF token. Writes from other sites are refused."""

import json

import pytest

from recognizer.models import Submission
from tests.support.factories import Visitor, client_with_key, drawing_png, upload

pytestmark = pytest.mark.database

API = "/api/v1"


@pytest.fixture
def browser(db):
    """A visitor of the draw page who has stored a drawing. It is the only one."""
    browser = Visitor(enforce_csrf_checks=True)
    browser.get("/")
    assert browser.submit().status_code == 201
    return browser


def writes(pk):
    """Return each write of the API as (method, path, body)."""
    image = json.dumps({"image": "eA=="})
    return [
        ("post", "submissions/", image),
        ("post", "numbers/", image),
        ("post", "recognize/", image),
        ("post", "numbers/recognize/", image),
        ("post", "recognize/batch/", json.dumps({"images": ["eA=="]})),
        ("post", f"submissions/{pk}/correction/", json.dumps({"digit": 1})),
        ("patch", f"submissions/{pk}/", "{}"),
        ("put", f"submissions/{pk}/", "{}"),
        ("delete", f"submissions/{pk}/", "{}"),
        ("delete", "submissions/", "{}"),
    ]


def statuses(client, **headers):
    """Send each write, and return the statuses that are 403, and all others."""
    pk = Submission.objects.get().pk
    return [
        getattr(client, method)(
            f"{API}/{path}", body, content_type="application/json", headers=headers
        ).status_code
        for method, path, body in writes(pk)
    ]


def test_write_with_an_owner_cookie_needs_the_token(browser):
    assert set(statuses(browser)) == {403}
    assert set(statuses(browser, **{"X-CSRFToken": "x" * 32})) == {403}
    assert Submission.objects.get().corrected_digit is None


def test_write_with_the_token_is_allowed(browser):
    token = browser.cookies["csrftoken"].value
    found = statuses(browser, **{"X-CSRFToken": token})
    assert 403 not in found
    assert found[-2:] == [204, 204]


def test_write_with_a_session_cookie_needs_the_token(browser, reviewer):
    browser.force_login(reviewer)
    del browser.cookies["owner"]
    assert set(statuses(browser)) == {403}


def test_first_drawing_of_a_program_without_cookies_needs_no_token(db):
    program = Visitor(enforce_csrf_checks=True)
    assert program.recognize(drawing_png()).status_code == 200
    response = program.submit()
    assert response.status_code == 201
    # The response contains all that the next request needs.
    pk, token = response.json()["id"], response.cookies["csrftoken"].value
    correction = program.post(
        f"{API}/submissions/{pk}/correction/",
        {"digit": 1},
        content_type="application/json",
        headers={"X-CSRFToken": token},
    )
    assert correction.status_code == 200


def test_program_that_drops_its_cookies_needs_no_token(db):
    for _ in range(2):
        assert Visitor(enforce_csrf_checks=True).submit().status_code == 201


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://testserver:8001", ""])
def test_form_of_another_site_is_refused_even_without_cookies(browser, origin):
    """Otherwise, the response would replace the cookie of the visitor's drawings."""
    victim = Visitor(enforce_csrf_checks=True)
    response = victim.post(
        f"{API}/submissions/", {"image": upload(drawing_png(3))}, headers={"Origin": origin}
    )
    assert (response.status_code, response.json()["code"]) == (403, "permission_denied")
    assert "owner" not in response.cookies
    assert set(statuses(victim, Origin=origin)) == {403}
    assert Submission.objects.count() == 1


def test_page_of_a_browser_that_blocks_cookies_is_allowed(db):
    browser = Visitor(enforce_csrf_checks=True, headers={"Origin": "http://testserver"})
    assert browser.submit().status_code == 201


def test_reading_from_another_site_needs_no_token(browser):
    response = browser.get(f"{API}/submissions/", headers={"Origin": "https://evil.example"})
    assert response.status_code == 200
    assert "Access-Control-Allow-Origin" not in response


def test_key_needs_no_token_even_with_a_cookie(browser, reviewer):
    program = client_with_key(reviewer, "submit")
    program.handler.enforce_csrf_checks = True
    program.cookies.update(browser.cookies)
    assert program.submit(drawing_png(3)).status_code == 201
