"""No page of ours breaks the Content-Security-Policy."""

import pytest

PAGES = [
    "/",
    "/login/",
    "/keys/",
    "/mine/",
    "/privacy/",
    "/desk/",
    "/api/v1/docs/",
    "/admin/",
    "/admin/recognizer/submission/",
]


@pytest.fixture
def page(browser, site, desk):
    context = browser.new_context()
    value = desk.cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": value, "url": site.url}])
    yield context.new_page()
    context.close()


def test_no_page_breaks_it(page, site):
    said = []
    page.on("console", lambda message: said.append((page.url, message.text)))
    page.on("pageerror", lambda error: said.append((page.url, str(error))))
    for path in PAGES:
        assert page.goto(site.url + path, wait_until="networkidle").status == 200
    page.goto(f"{site.url}/api/v1/docs/")
    page.wait_for_selector(".opblock")

    assert [entry for entry in said if "Content Security Policy" in entry[1]] == []
