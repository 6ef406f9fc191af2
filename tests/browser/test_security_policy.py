"""No page violates its own Content-Security-Policy."""

import pytest

PAGES = [
    "/",
    "/login/",
    "/keys/",
    "/mine/",
    "/privacy/",
    "/how-it-learns/",
    "/review/",
    "/review/dashboard/",
    "/api/v1/docs/",
    "/admin/",
    "/admin/recognizer/submission/",
]


@pytest.fixture
def page(browser, site, reviewer_client):
    context = browser.new_context()
    value = reviewer_client.cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": value, "url": site.url}])
    yield context.new_page()
    context.close()


def test_no_page_violates_the_content_security_policy(page, site):
    messages = []
    page.on("console", lambda message: messages.append((page.url, message.text)))
    page.on("pageerror", lambda error: messages.append((page.url, str(error))))
    for path in PAGES:
        assert page.goto(site.url + path, wait_until="networkidle").status == 200
    page.goto(f"{site.url}/api/v1/docs/")
    page.wait_for_selector(".opblock")

    policies = [entry for entry in messages if "TrustedHTML" in entry[1]]
    assert policies == []
    assert [entry for entry in messages if "Content Security Policy" in entry[1]] == []
