"""Who draws a digit sees it read."""

import re

import pytest
from browser.hands import draw_by_mouse, draw_by_touch, on_canvas
from playwright.sync_api import expect

from recognizer.models import Submission

NEEDED = 18  # of 20


def answers(page, draw, written):
    """What the page reads in each drawing, as people see it."""
    for digit, writer, strokes in written:
        draw(page, strokes)
        # Not the guess about half of a stroke, but the one about the whole drawing.
        expect(page.locator("#verdict")).to_have_attribute("aria-busy", "false")
        yield digit, writer, page.locator("#digit").inner_text()
        page.get_by_role("button", name="Clear").click()


def wrong(readings):
    return [
        f"a {digit} by {writer} is read as {read}"
        for digit, writer, read in readings
        if read != str(digit)
    ]


def test_it_reads_what_a_mouse_draws(page, written):
    mistakes = wrong(answers(page, draw_by_mouse, written))

    print(*mistakes, sep="\n")
    assert len(written) - len(mistakes) >= NEEDED, mistakes


def test_it_reads_what_a_finger_draws(open_page, written):
    page = open_page(has_touch=True, viewport={"width": 360, "height": 740})

    mistakes = wrong(answers(page, draw_by_touch, written[::3]))

    assert len(mistakes) <= 1, mistakes


def test_the_panel_says_how_sure_it_is_and_what_it_saw(page, four):
    expect(page.locator("#sentence")).to_have_text(
        "Draw one digit, or several side by side, as large as you like."
    )
    draw_by_mouse(page, four)

    expect(page.locator("#sentence")).to_have_text(re.compile(r"^I read a 4 — 9\d\s% sure$"))
    bars = page.get_by_role("meter").evaluate_all("bars => bars.map(bar => bar.value)")
    assert max(range(10), key=bars.__getitem__) == 4
    assert sum(bars) == pytest.approx(1, abs=0.001)
    seen = page.get_by_role("img", name="28 by 28")
    assert seen.evaluate("img => [img.naturalWidth, img.naturalHeight]") == [28, 28]


def test_guessing_stores_nothing(page, four):
    draw_by_mouse(page, four)

    expect(page.locator("#digit")).to_have_text("4")
    assert not Submission.objects.exists()


def test_it_guesses_before_the_stroke_ends(page, four):
    first, *rest = on_canvas(page, four)[0]
    page.mouse.move(*first)
    page.mouse.down()
    page.clock.fast_forward(300)
    for point in rest:
        page.mouse.move(*point)

    expect(page.locator("#yes")).to_be_enabled()
    page.mouse.up()


def test_nothing_jumps_when_the_answer_comes(open_page, four):
    page = open_page(viewport={"width": 320, "height": 1200})
    before = page.locator("#bars").bounding_box()
    draw_by_mouse(page, four)
    page.get_by_role("button", name="Not a digit", exact=True).click()
    expect(page.get_by_text("Thank you")).to_be_visible()

    assert page.locator("#bars").bounding_box() == before


def test_it_fits_the_smallest_phone(open_page):
    page = open_page(viewport={"width": 320, "height": 640})

    assert page.evaluate("document.documentElement.scrollWidth") == 320
    for button in page.locator("#answers button").all():
        box = button.bounding_box()
        assert box["height"] >= 44
        assert box["width"] >= 40


def test_it_needs_no_other_host_and_nothing_inline(page, site, four):
    def forbid_what_is_not_ours(route):
        response = route.fetch()
        policy = "default-src 'self'; img-src 'self' data:"
        headers = response.headers | {"Content-Security-Policy": policy}
        route.fulfill(response=response, headers=headers)

    complaints = []
    page.on("console", lambda message: complaints.append(message.text))
    page.route(site.url + "/", forbid_what_is_not_ours)
    page.goto(site.url + "/")
    draw_by_mouse(page, four)

    expect(page.locator("#digit")).to_have_text("4")
    assert complaints == []
