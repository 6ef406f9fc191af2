"""The page shows the visitor's answer instead of the prediction, and leads to the next drawing."""

import pytest
from playwright.sync_api import expect

from recognizer.models import Submission
from tests.browser.pointer import choose, draw_by_mouse
from tests.support.factories import drawing_png
from tests.support.synthetic_digits import row_of

DANGER = "getComputedStyle(document.documentElement).getPropertyValue('--danger')"
RING = "(button) => getComputedStyle(button).borderColor"


def answer(page, name):
    page.get_by_role("button", name=name, exact=True).click()
    expect(page.locator("#notice")).to_contain_text("Thank")


@pytest.fixture
def drawn(page, four):
    """Return a page with a drawn 4 and its prediction."""
    draw_by_mouse(page, four)
    expect(page.locator("#sentence")).to_contain_text("This is a 4")
    return page


def test_large_digit_and_sentence_show_the_answer(drawn):
    answer(drawn, "1")

    expect(drawn.locator("#digit")).to_have_text("1")
    expect(drawn.locator("#sentence")).to_have_text("You say it is a 1. The prediction was a 4.")
    expect(drawn.locator("#correction [aria-pressed=true]")).to_have_text("1")
    expect(drawn.locator("#confirm")).not_to_have_class("primary")
    ring = drawn.locator("#correction [aria-pressed=true]").evaluate(RING)
    drawn.evaluate(f"document.body.style.borderColor = {DANGER}")
    assert ring != drawn.locator("body").evaluate(RING)


def test_large_text_shows_that_it_is_not_a_digit(drawn):
    answer(drawn, "Not a digit")

    expect(drawn.locator("#digit")).to_have_text("not a digit")


def test_correcting_one_digit_of_a_number_changes_it_at_once(page):
    draw_by_mouse(page, row_of(4, 2))
    expect(page.locator("#digit")).to_have_text("42")
    page.get_by_role("button", name="Digit 2: a 2").click()
    answer(page, "7")

    expect(page.locator("#digit")).to_have_text("47")
    expect(page.locator("#sentence")).to_contain_text("You say it is 47.")
    answers = Submission.objects.order_by("predicted_digit").values_list("corrected_digit")
    assert list(answers) == [(7,), (None,)]


def test_next_drawing_clears_the_canvas_and_keeps_the_answer(drawn):
    expect(drawn.get_by_role("button", name="Next drawing")).to_be_hidden()
    answer(drawn, "1")
    drawn.get_by_role("button", name="Next drawing").click()

    expect(drawn.locator("#sentence")).to_contain_text("Draw one digit")
    expect(drawn.get_by_role("button", name="Next drawing")).to_be_hidden()
    expect(drawn.locator("#canvas")).to_be_focused()
    assert Submission.objects.get().corrected_digit == 1


def test_refused_file_clears_the_old_answer_and_stores_its_drawing(page):
    choose(page, drawing_png(7))
    expect(page.locator("#digit")).to_have_text("7")
    with page.expect_response("**/numbers/"):
        choose(page, b"%PDF-1.7", "seven.pdf", "application/pdf")

    expect(page.locator("#sentence")).to_contain_text("not a supported image")
    expect(page.locator("#digit")).to_be_empty()
    expect(page.locator("#confirm")).to_be_disabled()
    assert Submission.objects.get().predicted_digit == 7

    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#digit")).to_have_text("7")


@pytest.mark.parametrize("locale", ["en", "fr", "es", "zh-CN"])
def test_answers_are_visible_on_a_phone_without_scrolling(open_page, four, locale):
    viewport = {"width": 390, "height": 664}
    page = open_page(viewport=viewport, has_touch=True, is_mobile=True, locale=locale)
    draw_by_mouse(page, four)
    expect(page.locator("#confirm")).to_be_enabled()

    expect(page.locator(".not-a-digit")).to_be_in_viewport(ratio=1)
    expect(page.locator("#open-help")).to_be_hidden()
    assert page.evaluate("scrollY") == 0
