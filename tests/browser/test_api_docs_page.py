"""The API docs follow the colour scheme of the system."""

from playwright.sync_api import expect

DARK = "html.dark-mode"


def test_api_docs_are_dark_in_dark_mode(open_page, site):
    page = open_page(color_scheme="dark")
    page.goto(f"{site.url}/api/v1/docs/")
    page.locator(".opblock").first.wait_for()
    expect(page.locator(DARK)).to_have_css("background-color", "rgb(28, 32, 34)")

    page.emulate_media(color_scheme="light")
    expect(page.locator(DARK)).to_have_count(0)
