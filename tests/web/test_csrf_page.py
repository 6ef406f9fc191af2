"""The page for a form with an invalid CSRF token."""

import pytest

from tests.support.factories import Visitor

OWN_ORIGIN = "http://testserver"


def send(origin, **fields):
    """Send a form of *My drawings* without a token. Return the page."""
    browser = Visitor(enforce_csrf_checks=True)
    browser.get("/mine/")
    browser.cookies["csrftoken"] = "a" * 32
    response = browser.post("/mine/memory/", fields, headers={"Origin": origin})
    assert response.status_code == 403
    return response.content.decode()


def test_own_form_can_be_sent_again(db):
    page = send(OWN_ORIGIN, use="on")
    assert "Send again" in page
    assert '<input type="hidden" name="use" value="on">' in page


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://[", "http://testserver.evil.example", ""]
)
def test_form_of_another_site_cannot_be_sent_again(db, origin):
    assert "Send again" not in send(origin, use="on")


def test_long_form_is_not_repeated(db):
    """Its characters would take six times as many bytes in HTML."""
    page = send(OWN_ORIGIN, use='"' * 1_000_000)
    assert "Send again" not in page
    assert len(page) < 10_000


def test_form_with_a_password_is_not_repeated(db):
    assert "secret" not in send(OWN_ORIGIN, password="secret")
