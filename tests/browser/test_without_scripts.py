"""Without JavaScript, pages say what they cannot do, and show no button that does nothing."""

import pytest
from playwright.sync_api import expect

from recognizer.accounts import ownership
from tests.support.review_helpers import submissions

PHONE = {"viewport": {"width": 390, "height": 664}, "java_script_enabled": False}


@pytest.mark.parametrize(
    ("path", "text"), [("/", "Drawing requires JavaScript."), ("/review/?", "The queue requires")]
)
def test_says_so_before_the_content(open_review, path, text):
    page = open_review(path, **PHONE)
    notice = page.locator("noscript p")
    expect(notice).to_contain_text(text)
    expect(notice).to_be_in_viewport()


def test_my_drawings_shows_no_button_that_needs_scripts(open_review, rosa):
    stroke = [[0, 0, 0], [9, 9, 9]]
    submissions(1, owner=ownership.owner_for_user(rosa), strokes=[stroke])
    page = open_review("/mine/", **PHONE)
    expect(page.locator("noscript p")).to_contain_text("To delete or replay drawings")
    expect(page.locator(".drawings li")).to_be_visible()
    expect(page.locator(".delete:visible, .replay:visible")).to_have_count(0)
