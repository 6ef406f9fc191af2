"""The guess follows the pen, in order and calmly; and it can say why."""

import json

import numpy as np
import pytest
from browser.hands import draw_by_mouse, on_canvas
from handwriting import strokes_of
from playwright.sync_api import expect

READ = {
    "probabilities": [0.1] * 10,
    "seen": "data:image/gif;base64,R0lGODlhAQABAAAAACw=",
    "why": None,
    "box": [0.2, 0.2, 0.6, 0.6],
}


def reads(digit, confidence=0.99, **more):
    """An answer of the site's."""
    return {
        "number": str(digit),
        "digits": [READ | {"digit": digit, "confidence": confidence} | more],
    }


def answer_with(page, *answers):
    """The site's answers, one after the other; the last one for ever."""
    left = list(answers)

    def fulfil(route):
        route.fulfill(json=left.pop(0) if len(left) > 1 else left[0])

    page.route("**/recognize/", fulfil)


def asks_why(request):
    return request.url.endswith("/recognize/") and json.loads(request.post_data)["why"]


def shares(**given):
    return [given.get(f"d{digit}", 0.01) for digit in range(10)]


def test_a_late_answer_is_not_shown(page, four):
    held = []
    page.route("**/recognize/", lambda route: held.append(route))
    draw_by_mouse(page, four[:1])
    draw_by_mouse(page, four[1:])
    while len(held) < 2:
        page.wait_for_timeout(20)
    held[-1].fulfill(json=reads(4))
    expect(page.locator("#digit")).to_have_text("4")
    held[0].fulfill(json=reads(1))
    page.wait_for_timeout(200)

    expect(page.locator("#digit")).to_have_text("4")


def test_half_a_stroke_is_not_called_no_digit(page, four):
    answer_with(page, reads(None, 0.97))
    first, *rest = on_canvas(page, four)[0]
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


@pytest.mark.parametrize(
    ("confidence", "probabilities", "said"),
    [
        (0.97, shares(d4=0.97), "I read a 4 — 97\u00a0% sure"),
        (0.7, shares(d4=0.7, d9=0.25), "I think this is a 4, or else a 9 — 70\u00a0% sure"),
        (0.7, shares(d4=0.9), "I think this is a 4 — 70\u00a0% sure"),
        (0.5, shares(d4=0.5, d9=0.4), "This might be a 4 or a 9 — 50\u00a0% sure"),
        (0.5, shares(d4=0.9), "This might be a 4 or no digit — 50\u00a0% sure"),
    ],
)
def test_it_says_how_sure_it_is_and_what_comes_next(page, four, confidence, probabilities, said):
    answer_with(page, reads(4, confidence, probabilities=probabilities))
    draw_by_mouse(page, four)

    expect(page.locator("#sentence")).to_have_text(said)


def test_why(page):
    draw_by_mouse(page, strokes_of(7, np.random.default_rng(5)))
    expect(page.locator("#digit")).to_have_text("7")
    page.get_by_role("button", name="Why this answer?").click()
    expect(page.locator("#reason")).to_contain_text("The answer hangs most on")
    heat = """() => {
        const pen = document.getElementById("heat").getContext("2d");
        const { data } = pen.getImageData(0, 0, 28, 28);
        return data.filter((value, i) => i % 4 === 3 && value > 100).length;
    }"""
    assert 10 < page.evaluate(heat) < 300
    page.get_by_role("button", name="Why this answer?").click()

    expect(page.locator("#heat")).to_be_hidden()
    expect(page.locator("#reason")).to_be_empty()


@pytest.mark.parametrize(
    ("places", "said"),
    [
        ([(0, 0)], "The answer hangs most on this part: top left."),
        ([(14, 14), (27, 27)], "The answer hangs most on these parts: middle, bottom right."),
        ([], "No part alone decides: whichever is covered, the answer stays."),
    ],
)
def test_the_reason_in_words(page, four, places, said):
    heat = [[0.5 if (row, column) in places else 0 for column in range(28)] for row in range(28)]
    answer_with(page, reads(4, why=heat))
    draw_by_mouse(page, four)
    with page.expect_request(asks_why):
        page.get_by_role("button", name="Why this answer?").click()

    expect(page.locator("#reason")).to_have_text(said)
