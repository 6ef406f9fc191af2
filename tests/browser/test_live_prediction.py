"""Predictions during drawing, their sentences and their explanations."""

import json
import re

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.browser.pointer import draw_by_mouse, to_canvas_points
from tests.support.synthetic_digits import strokes_of

PREDICTED_DIGIT = {
    "probabilities": [0.1] * 10,
    "model_input": "data:image/gif;base64,R0lGODlhAQABAAAAACw=",
    "explanation": None,
    "box": [0.2, 0.2, 0.6, 0.6],
}


def prediction(digit, confidence=0.99, **more):
    """Return the JSON of a prediction with one digit."""
    return {
        "number": str(digit),
        "digits": [PREDICTED_DIGIT | {"digit": digit, "confidence": confidence} | more],
    }


def mock_response(page, body):
    """Answer every prediction request with `body`."""
    page.route("**/recognize/", lambda route: route.fulfill(json=body))


def clear(page):
    page.get_by_role("button", name="Clear").click()
    expect(page.locator("#sentence")).to_contain_text("Draw one digit")


def wants_explanation(request):
    return request.url.endswith("/recognize/") and json.loads(request.post_data)["explain"]


def probabilities_of(**given):
    """Return ten probabilities. `d4=0.9` sets the probability of the 4."""
    return [given.get(f"d{digit}", 0.01) for digit in range(10)]


def test_ignores_a_late_response(page, four):
    held = []
    page.route("**/recognize/", lambda route: held.append(route))
    draw_by_mouse(page, four[:1])
    draw_by_mouse(page, four[1:])
    while len(held) < 2:
        page.wait_for_timeout(20)
    held[-1].fulfill(json=prediction(4))
    expect(page.locator("#digit")).to_have_text("4")
    held[0].fulfill(json=prediction(1))
    page.wait_for_timeout(200)

    expect(page.locator("#digit")).to_have_text("4")


def test_hides_not_a_digit_during_a_stroke(page, four):
    mock_response(page, prediction(None, 0.97))
    first, *rest = to_canvas_points(page, four)[0]
    page.mouse.move(*first)
    page.mouse.down()
    page.clock.fast_forward(300)
    with page.expect_response("**/recognize/"):
        for point in rest:
            page.mouse.move(*point)
    page.wait_for_timeout(100)
    expect(page.locator("#digit")).to_be_empty()
    page.mouse.up()

    expect(page.locator("#sentence")).to_contain_text("does not look like a digit")


def test_sentence_depends_on_the_confidence(page, four):
    for confidence, probabilities, sentence in (
        (0.97, probabilities_of(d4=0.97), "This is a 4 — 97% sure"),
        (
            0.7,
            probabilities_of(d4=0.7, d9=0.25),
            "This is probably a 4, but it could be a 9 — 70% sure",
        ),
        (0.7, probabilities_of(d4=0.9), "This is probably a 4 — 70% sure"),
        (0.5, probabilities_of(d4=0.5, d9=0.4), "This might be a 4 or a 9 — 50% sure"),
        (0.5, probabilities_of(d4=0.9), "This might be a 4 or not a digit — 50% sure"),
    ):
        mock_response(page, prediction(4, confidence, probabilities=probabilities))
        draw_by_mouse(page, four)
        expect(page.locator("#sentence")).to_have_text(sentence)
        clear(page)


@pytest.mark.parametrize(
    ("confidence", "sentence"),
    [
        (0.99, "This is 44 — 98% sure"),
        (0.9, "This is probably 44 — 81% sure"),
        (0.1, "This might be 44 or not a digit — 1% sure"),
    ],
)
def test_sentence_for_a_number_depends_on_the_confidence(page, four, confidence, sentence):
    response = prediction(4, confidence)
    (digit,) = response["digits"]
    mock_response(page, {**response, "number": "44", "digits": [digit, digit]})
    draw_by_mouse(page, four)
    expect(page.locator("#sentence")).to_have_text(sentence)


def test_shows_and_hides_the_explanation(page):
    draw_by_mouse(page, strokes_of(7, np.random.default_rng(5)))
    expect(page.locator("#digit")).to_have_text("7")
    page.get_by_role("button", name="Why this prediction?").click()
    expect(page.locator("#explanation")).to_contain_text(re.compile("matters? most"))
    count_heated_pixels = """() => {
        const context = document.getElementById("heatmap").getContext("2d");
        const { data } = context.getImageData(0, 0, 28, 28);
        return data.filter((value, i) => i % 4 === 3 && value > 100).length;
    }"""
    assert 10 < page.evaluate(count_heated_pixels) < 300
    page.get_by_role("button", name="Why this prediction?").click()

    expect(page.locator("#heatmap")).to_be_hidden()
    expect(page.locator("#explanation")).to_be_empty()


def test_explanation_arrives_although_the_drawing_is_stored_meanwhile(page, four):
    draw_by_mouse(page, four)
    expect(page.locator("#digit")).to_have_text("4")
    held = []
    page.route("**/recognize/", lambda route: held.append(route))
    page.get_by_role("button", name="Why this prediction?").click()
    page.clock.fast_forward(2000)
    expect(page.locator("#notice")).to_contain_text("Saved.")
    held[0].continue_()

    expect(page.locator("#explanation")).not_to_be_empty()


def test_explanation_names_the_important_regions(page, four):
    for pixels, sentence in (
        ([(0, 0)], "This part matters most: top left."),
        ([(14, 14), (27, 27)], "These parts matter most: middle, bottom right."),
        (
            [],
            "No single part is decisive: covering any one of them does not change the prediction.",
        ),
    ):
        drops = [
            [0.5 if (row, column) in pixels else 0 for column in range(28)] for row in range(28)
        ]
        mock_response(page, prediction(4, explanation=drops))
        draw_by_mouse(page, four)
        with page.expect_request(wants_explanation):
            page.get_by_role("button", name="Why this prediction?").click()
        expect(page.locator("#explanation")).to_have_text(sentence)
        page.get_by_role("button", name="Why this prediction?").click()
        clear(page)
