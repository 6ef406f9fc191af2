"""The page predicts the digit that a visitor draws."""

import re

import pytest
from playwright.sync_api import expect

from recognizer.models import Submission
from tests.browser.pointer import draw_by_mouse, draw_by_touch, to_canvas_points

MIN_CORRECT = 18  # of 20 handwritten digits


def predict_all(page, draw, handwritten):
    """Draw each digit. Yield (digit, writer, prediction as the page shows it)."""
    for digit, writer, strokes in handwritten:
        draw(page, strokes)
        # The page also predicts during a stroke. Wait for the prediction of the whole drawing.
        expect(page.locator("#prediction")).to_have_attribute("aria-busy", "false")
        yield digit, writer, page.locator("#digit").inner_text()
        page.get_by_role("button", name="Clear").click()


def describe_mistakes(predictions):
    return [
        f"a {digit} by {writer} is predicted as {prediction}"
        for digit, writer, prediction in predictions
        if prediction != str(digit)
    ]


def test_predicts_digits_drawn_by_mouse(page, handwritten):
    mistakes = describe_mistakes(predict_all(page, draw_by_mouse, handwritten))

    print(*mistakes, sep="\n")
    assert len(handwritten) - len(mistakes) >= MIN_CORRECT, mistakes


def test_predicts_digits_drawn_by_touch(open_page, handwritten):
    page = open_page(has_touch=True, viewport={"width": 360, "height": 740})

    mistakes = describe_mistakes(predict_all(page, draw_by_touch, handwritten[::3]))

    assert len(mistakes) <= 1, mistakes


def test_shows_confidence_probabilities_and_model_input(page, four):
    expect(page.locator("#sentence")).to_have_text(
        "Draw one digit, or several side by side, as large as you like."
    )
    draw_by_mouse(page, four)

    expect(page.locator("#sentence")).to_have_text(re.compile(r"^This is a 4 — 9\d% sure$"))
    meters = page.get_by_role("meter")
    probabilities = meters.evaluate_all("meters => meters.map(meter => meter.value)")
    assert max(range(10), key=probabilities.__getitem__) == 4
    assert sum(probabilities) == pytest.approx(1, abs=0.001)
    model_input = page.get_by_role("img", name="28 by 28")
    assert model_input.evaluate("img => [img.naturalWidth, img.naturalHeight]") == [28, 28]


def test_prediction_alone_stores_nothing(page, four):
    draw_by_mouse(page, four)

    expect(page.locator("#digit")).to_have_text("4")
    assert not Submission.objects.exists()


def test_predicts_during_a_stroke(page, four):
    first, *rest = to_canvas_points(page, four)[0]
    page.mouse.move(*first)
    page.mouse.down()
    page.clock.fast_forward(300)
    for point in rest:
        page.mouse.move(*point)

    expect(page.locator("#confirm")).to_be_enabled()
    page.mouse.up()


@pytest.mark.parametrize(
    ("locale", "width", "thanks"), [("en", 320, "Thanks."), ("fr", 390, "Merci.")]
)
def test_layout_is_stable_when_the_prediction_appears(open_page, four, locale, width, thanks):
    page = open_page(viewport={"width": width, "height": 1200}, locale=locale)
    before = top_of_probabilities(page)
    draw_by_mouse(page, four)
    page.locator("#correction .not-a-digit").click()
    expect(page.get_by_text(thanks)).to_be_visible()

    assert top_of_probabilities(page) == before


def top_of_probabilities(page):
    """Return the distance from the top of the page. A slow click may scroll the page."""
    table = page.locator("#probabilities")
    return table.evaluate("table => table.getBoundingClientRect().top + scrollY")


def test_fits_320_pixels_with_large_buttons(open_page):
    page = open_page(viewport={"width": 320, "height": 640})

    assert page.evaluate("document.documentElement.scrollWidth") == 320
    for button in page.locator("#correction button:visible").all():
        box = button.bounding_box()
        assert box["height"] >= 44
        assert box["width"] >= 40


def test_works_under_a_strict_content_security_policy(page, site, four):
    def add_strict_policy(route):
        response = route.fetch()
        policy = "default-src 'self'; img-src 'self' data:"
        headers = response.headers | {"Content-Security-Policy": policy}
        route.fulfill(response=response, headers=headers)

    console_messages = []
    page.on("console", lambda message: console_messages.append(message.text))
    page.route(site.url + "/", add_strict_policy)
    page.goto(site.url + "/")
    draw_by_mouse(page, four)

    expect(page.locator("#digit")).to_have_text("4")
    assert console_messages == []
