"""WCAG 2.2 AA as far as axe-core finds it, on every page and state; reflow, targets, motion."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from browser.hands import draw_by_mouse
from handwriting import row_of
from playwright.sync_api import expect

from recognizer.models import Answer, Submission

RULES = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    }
}
SCHEMES = ("light", "dark")

# Targets smaller than 24 px, unless they stand in a sentence or lie under another one.
SMALL_TARGETS = """() => [...document.querySelectorAll("a, button, input, label, summary")]
    .filter((element) => element.checkVisibility() && !element.closest("p, .unseen"))
    .filter((element) => !element.matches("input") || !element.closest("label"))
    .map((element) => [element.outerHTML.slice(0, 90), element.getBoundingClientRect()])
    .filter(([, { width, height }]) => Math.min(width, height) < 24)
    .map(([html]) => html)"""


def nothing(page, four):
    """Nobody has drawn anything."""


def a_digit(page, four):
    draw_by_mouse(page, four)
    expect(page.locator("#digit")).to_have_text("4")


def a_digit_and_why(page, four):
    a_digit(page, four)
    page.get_by_role("button", name="Why this answer?").click()
    expect(page.locator("#reason")).not_to_be_empty()


def a_number(page, four):
    draw_by_mouse(page, row_of(4, 2))
    expect(page.locator("#digit")).to_have_text("42")


def no_digit(page, four):
    draw_by_mouse(page, [[[x, 40 * (x // 10 % 2)] for x in range(0, 200, 10)]] * 2)
    expect(page.locator("#digit")).to_contain_text("not a digit")


def an_answer(page, four):
    a_digit(page, four)
    page.get_by_role("button", name="9", exact=True).click()
    expect(page.get_by_text("Thank you")).to_be_visible()


def no_connection(page, four):
    page.context.set_offline(True)
    draw_by_mouse(page, four)
    expect(page.locator("#sentence")).to_contain_text("No connection")


def the_keys(page, four):
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()


def my_drawings(page, four):
    an_answer(page, four)
    page.locator("#clear").click()
    draw_by_mouse(page, row_of(4, 2))
    page.get_by_role("button", name="Yes, it’s 42").click()
    expect(page.locator("#notice")).to_contain_text("Thank you")
    first, second, _ = Submission.objects.all()
    first.approve(None, Answer.TWO)
    second.reject(None)
    page.get_by_role("link", name="My drawings").click()
    expect(page.locator(".drawings li")).to_have_count(3)
    page.wait_for_load_state("networkidle")


def no_drawings(page, four):
    page.get_by_role("link", name="My drawings").click()
    expect(page.get_by_text("Nothing here yet.")).to_be_visible()


def delete_all(page, four):
    my_drawings(page, four)
    page.get_by_role("button", name="Delete all").click()
    expect(page.get_by_role("dialog")).to_be_visible()


def no_such_page(page, four):
    page.goto(page.url + "nowhere/")


STATES = (
    nothing,
    a_digit,
    a_digit_and_why,
    a_number,
    no_digit,
    an_answer,
    no_connection,
    the_keys,
    my_drawings,
    no_drawings,
    delete_all,
    no_such_page,
)
NAMES = [state.__name__ for state in STATES]


@pytest.mark.parametrize("state", STATES, ids=NAMES)
def test_axe_finds_nothing(open_page, four, state):
    page = open_page()
    state(page, four)
    page.clock.run_for(1000)  # what fades in has come
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        found = Axe().run(page, options=RULES)

        assert found.violations_count == 0, f"{scheme}: {found.generate_report()}"


@pytest.mark.parametrize("state", STATES, ids=NAMES)
def test_it_fits_320_pixels_and_fingers(open_page, four, state):
    page = open_page(viewport={"width": 320, "height": 640})
    state(page, four)

    assert page.evaluate("document.documentElement.scrollWidth") == 320
    assert page.evaluate(SMALL_TARGETS) == []


def test_who_wants_no_motion_gets_none(open_page, four):
    page = open_page(reduced_motion="reduce")
    page.route("**/recognize/", lambda route: None)
    draw_by_mouse(page, four)

    assert page.locator("#sentence").inner_text() == "Reading …"
    assert page.evaluate("document.getAnimations().length") == 0
