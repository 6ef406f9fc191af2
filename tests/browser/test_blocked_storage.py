"""Every page works in a browser that blocks cookies and storage, and says what it cannot do."""

import json

import pytest
from playwright.sync_api import expect

from recognizer.models import Label, Submission
from tests.browser import chromium
from tests.browser.pointer import draw_by_mouse
from tests.support.review_helpers import submissions

BLOCK_ALL = {"profile": {"default_content_setting_values": {"cookies": 2}}}
THROW = """for (const name of ["localStorage", "sessionStorage"])
    Object.defineProperty(window, name, {
        get() { throw new DOMException("Access is denied", "SecurityError"); },
    });"""


@pytest.fixture
def errors():
    found = []
    yield found
    assert found == []


@pytest.fixture
def private_page(driver, site, tmp_path, errors):
    """Open the draw page in a Chromium whose setting is "Block all cookies"."""
    (tmp_path / "Default").mkdir()
    (tmp_path / "Default" / "Preferences").write_text(json.dumps(BLOCK_ALL))
    size = {"width": 1000, "height": 800}
    context = chromium.launch_profile(driver, tmp_path, viewport=size)
    page = context.new_page()
    page.set_default_timeout(5000)
    page.on("pageerror", lambda error: errors.append(error))
    page.clock.install()
    page.goto(site.url)
    yield page
    context.close()


def test_drawing_works_and_the_page_warns_that_it_cannot_be_found_again(private_page, four):
    storage = "try { localStorage } catch (error) { error.name }"
    assert private_page.evaluate(storage) == "SecurityError"
    warning = private_page.get_by_text("Your browser blocks cookies.")
    expect(warning).to_contain_text("you can no longer find, change or delete the drawings")
    draw_by_mouse(private_page, four)
    expect(private_page.locator("#digit")).to_have_text("4")
    private_page.locator("#correction").get_by_role("button", name="9", exact=True).click()
    expect(private_page.locator("#notice")).to_contain_text("Thanks.")
    assert Submission.objects.get().corrected_digit == Label.NINE

    private_page.get_by_role("link", name="My drawings").click()
    expect(private_page.get_by_text("You have no drawings yet.")).to_be_visible()
    expect(private_page.get_by_text("The site cannot find your drawings")).to_be_visible()


def test_no_warning_with_cookies(page):
    expect(page.get_by_text("Your browser blocks cookies.")).to_be_hidden()
    page.get_by_role("link", name="My drawings").click()
    expect(page.get_by_text("You have no drawings yet.")).to_be_visible()
    expect(page.get_by_text("Your browser blocks cookies.")).to_be_hidden()


def test_my_drawings_works_without_storage(open_page, four):
    page = open_page()
    page.add_init_script(THROW)
    page.reload()
    draw_by_mouse(page, four)
    page.get_by_role("button", name="9", exact=True).click()
    expect(page.locator("#notice")).to_contain_text("Thanks.")
    page.get_by_role("link", name="My drawings").click()
    page.locator(".drawings").get_by_role("button", name="8", exact=True).click()
    expect(page.locator(".drawings")).to_contain_text("Thank you. Saved as an 8.")
    page.get_by_role("button", name="Delete", exact=False).last.click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("You have no drawings yet.")).to_be_visible()


def test_review_works_without_storage(open_review):
    submissions(1, corrected_digit=1)
    page = open_review("/review/dashboard/")
    page.add_init_script(THROW)
    page.goto(page.url.replace("dashboard/", ""))
    page.locator("#card:visible").wait_for()
    page.keyboard.press("x")
    expect(page.locator("#empty")).to_be_visible()
    assert Submission.objects.get().review == "rejected"
