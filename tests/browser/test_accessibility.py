"""The visitors' pages and the doubtful labels meet WCAG 2.2 AA as far as axe-core checks it.

The tests also cover reflow, the size of targets, and reduced motion.
"""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from recognizer.models import Label, Submission
from tests.browser.pointer import choose, draw_by_mouse
from tests.support.factories import drawing_png, png
from tests.support.review_helpers import doubtful_labels, submissions
from tests.support.synthetic_digits import row_of, square_strokes
from tests.support.synthetic_pages import draw_page

RULES = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    }
}
CONTRAST = {"runOnly": {"type": "rule", "values": ["color-contrast"]}}
# Only the contrast depends on the colour scheme.
RULES_BY_SCHEME = {"light": RULES, "dark": CONTRAST}

# Targets smaller than 24 px, except for links in a sentence and inputs inside a label.
SMALL_TARGETS = """() => [...document.querySelectorAll("a, button, input, label, summary")]
    .filter((element) => element.checkVisibility() && !element.closest("p, .visually-hidden"))
    .filter((element) => !element.matches("input") || !element.closest("label"))
    .map((element) => [element.outerHTML.slice(0, 90), element.getBoundingClientRect()])
    .filter(([, { width, height }]) => Math.min(width, height) < 24)
    .map(([html]) => html)"""

# The links of the admin change their colour slowly. axe measures the final colour.
END_TRANSITIONS = """() => document.getAnimations()
    .filter((animation) => animation instanceof CSSTransition)
    .forEach((transition) => transition.finish())"""


# Each of these functions yields when the page is in a state to check.


def blank_canvas(page, four):
    yield
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    yield


def digit(page, four):
    draw_by_mouse(page, four)
    expect(page.locator("#digit")).to_have_text("4")
    yield
    page.get_by_role("button", name="Why this prediction?").click()
    expect(page.locator("#explanation")).not_to_be_empty()
    yield


def multi_digit_number(page, four):
    draw_by_mouse(page, row_of(4, 2))
    expect(page.locator("#digit")).to_have_text("42")
    yield


def several_rows(page, four):
    choose(page, png(draw_page()))
    expect(page.locator("#rows li")).to_have_count(3)
    yield


def not_a_digit(page, four):
    draw_by_mouse(page, [[[x, 40 * (x // 10 % 2)] for x in range(0, 200, 10)]] * 2)
    expect(page.locator("#digit")).to_contain_text("not a digit")
    yield


def taught_digit(page, four):
    for seed in (1, 2, 9):
        draw_by_mouse(page, square_strokes(seed))
        if seed < 9:
            page.get_by_role("button", name="0", exact=True).click()
            expect(page.locator("#notice")).to_contain_text("Thank")
            page.locator("#clear").click()
    page.get_by_role("button", name="Why this prediction?").click()
    page.get_by_text("The network’s own prediction").click()
    expect(page.locator("#network-alone")).to_contain_text("does not look like a digit")
    page.clock.fast_forward(2000)
    expect(page.locator("#notice")).to_contain_text("Saved.")
    yield
    page.get_by_role("link", name="My drawings").click()
    expect(page.get_by_text("The network alone: not a digit").first).to_be_visible()
    page.wait_for_load_state("networkidle")
    yield
    page.locator("#forget button").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    yield


def offline(page, four):
    page.context.set_offline(True)
    draw_by_mouse(page, four)
    expect(page.locator("#sentence")).to_contain_text("No connection")
    yield


def my_drawings(page, four):
    draw_by_mouse(page, four)
    expect(page.locator("#digit")).to_have_text("4")
    page.get_by_role("button", name="9", exact=True).click()
    expect(page.get_by_text("Thanks.")).to_be_visible()
    yield
    page.locator("#clear").click()
    draw_by_mouse(page, row_of(4, 2))
    page.get_by_role("button", name="Yes, it’s 42").click()
    expect(page.locator("#notice")).to_contain_text("Thank you")
    first, second, _ = Submission.objects.all()
    first.approve(None, Label.TWO)
    second.reject(None)
    page.get_by_role("link", name="My drawings").click()
    expect(page.locator(".drawings li")).to_have_count(3)
    page.wait_for_load_state("networkidle")
    yield
    page.get_by_role("button", name="Delete all").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    yield
    page.keyboard.press("Escape")
    page.locator(".drawings").get_by_role("button", name="Not a digit").first.click()
    expect(page.get_by_text("Thank you.")).to_be_visible()
    page.wait_for_load_state("networkidle")
    yield


def other_pages(page, four):
    page.get_by_role("link", name="My drawings").click()
    expect(page.get_by_text("You have no drawings yet.")).to_be_visible()
    yield
    page.get_by_role("link", name="How it learns").first.click()
    expect(page.get_by_role("heading", name="How it learns")).to_be_visible()
    yield
    page.goto(page.url + "nowhere/")
    yield


STATES = (
    blank_canvas,
    digit,
    multi_digit_number,
    several_rows,
    not_a_digit,
    taught_digit,
    offline,
    my_drawings,
    other_pages,
)


def assert_no_violation(page):
    for scheme, rules in RULES_BY_SCHEME.items():
        page.emulate_media(color_scheme=scheme)
        page.evaluate(END_TRANSITIONS)
        report = Axe().run(page, options=rules)
        assert report.violations_count == 0, f"{scheme}: {report.generate_report()}"


@pytest.mark.parametrize("states", STATES, ids=lambda states: states.__name__)
def test_page_fits_320_pixels_and_axe_finds_no_violation(open_page, four, states):
    page = open_page(viewport={"width": 320, "height": 640})
    for _ in states(page, four):
        page.clock.run_for(1000)  # let the fade-in end
        assert page.evaluate("document.documentElement.scrollWidth") == 320
        assert page.evaluate(SMALL_TARGETS) == []
        page.set_viewport_size({"width": 1000, "height": 800})
        assert_no_violation(page)
        page.emulate_media(color_scheme="light")
        page.set_viewport_size({"width": 320, "height": 640})


@pytest.mark.parametrize("number", [0, 3])
def test_axe_finds_no_violation_in_doubtful_labels(open_review, number):
    doubtful_labels(number)
    page = open_review("/review/doubtful/")
    if number:
        page.keyboard.press("k")
        expect(page.get_by_text("Label kept.").first).to_be_visible()
    assert_no_violation(page)


def test_axe_finds_no_violation_in_the_queue_and_on_the_dashboard(open_review):
    submissions(1, image=drawing_png(), corrected_digit=1)
    page = open_review()
    expect(page.get_by_role("button", name="1 – the visitor")).to_be_visible()
    assert_no_violation(page)
    page.get_by_role("link", name="Dashboard").click()
    expect(page.get_by_role("link", name="Start a training run")).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert_no_violation(page)


def test_axe_finds_no_violation_in_admin_forms_and_on_the_password_page(open_review):
    page = open_review("/admin/recognizer/submission/download/")
    assert_no_violation(page)
    page.goto(page.url.replace("recognizer/submission/download", "auth/user/add-reviewer"))
    assert_no_violation(page)
    page.get_by_label("Username").fill("dee")
    page.get_by_role("button", name="Add the reviewer").click()
    link = page.locator(".password-link")
    assert_no_violation(page)
    page.goto(link.inner_text())
    expect(page.get_by_role("heading", name="Set your password")).to_be_visible()
    assert_no_violation(page)


def test_reduced_motion_stops_animations(open_page, four):
    page = open_page(reduced_motion="reduce")
    page.route("**/recognize/", lambda route: None)
    draw_by_mouse(page, four)

    assert page.locator("#sentence").inner_text() == "Predicting …"
    assert page.evaluate("document.getAnimations().length") == 0
