"""Drawing on the canvas with a mouse or a finger."""

import pytest
from playwright.sync_api import expect

from recognizer.models import Submission
from tests.browser.pointer import draw_by_mouse, expect_sentence, ink, swipe, to_canvas_points

SINGLE_DOT = "The image shows a single dot. Draw a digit."


def middle(page):
    box = page.locator("#canvas").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def stored_strokes(page):
    """Return the strokes that the page stores after two seconds without a stroke."""
    page.clock.fast_forward(2000)
    expect(page.locator("#notice")).to_contain_text("Saved")
    return Submission.objects.get().strokes


def test_shows_strokes(page, four):
    assert ink(page) == 0
    draw_by_mouse(page, four)

    assert 0.03 < ink(page) < 0.2


def test_refuses_a_single_dot(page):
    page.mouse.click(*middle(page))

    dot = 3.14 * (18 / 280 / 2) ** 2
    assert ink(page) == pytest.approx(dot, rel=0.1)
    expect_sentence(page).to_have_text(SINGLE_DOT)
    expect(page.locator("#confirm")).to_be_disabled()
    with page.expect_response("**/numbers/") as refused:
        page.clock.fast_forward(2000)
    assert refused.value.status == 400
    expect_sentence(page).to_have_text(SINGLE_DOT)
    assert not Submission.objects.exists()


def test_refuses_a_single_dot_drawn_by_touch(open_page):
    page = open_page(has_touch=True)
    page.touchscreen.tap(*middle(page))

    expect_sentence(page).to_have_text(SINGLE_DOT)
    assert ink(page) > 0


def test_stroke_continues_outside_the_canvas_until_the_button_is_released(page, four):
    x, y = middle(page)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y + 500, steps=5)
    page.mouse.move(x + 500, y + 500, steps=5)
    page.mouse.up()
    before = ink(page)
    page.mouse.move(x, y)
    page.mouse.move(x - 80, y)

    assert ink(page) == before > 0
    assert len(stored_strokes(page)) == 1


def test_undo_removes_one_stroke_at_a_time(page, four):
    draw_by_mouse(page, four[:1])
    first_stroke = ink(page)
    draw_by_mouse(page, [four[1]])
    page.get_by_role("button", name="Undo").click()
    assert ink(page) == first_stroke
    page.keyboard.press("Control+z")

    assert ink(page) == 0
    expect_sentence(page).to_contain_text("Draw one digit")
    expect(page.get_by_role("button", name="Undo")).to_be_disabled()


def test_clear_resets_the_page(page, four):
    draw_by_mouse(page, four)
    expect(page.locator("#digit")).to_have_text("4")
    page.get_by_role("button", name="Clear").click()

    assert ink(page) == 0
    expect_sentence(page).to_contain_text("Draw one digit")
    expect(page.locator("#digit")).to_be_empty()
    expect(page.locator("#confirm")).to_be_disabled()


@pytest.mark.parametrize("ratio", [1, 2, 3])
def test_canvas_matches_the_pixel_ratio_of_the_screen(open_page, ratio):
    page = open_page(device_scale_factor=ratio)

    width = page.locator("#canvas").bounding_box()["width"]
    assert page.evaluate("canvas.width") == pytest.approx(width * ratio, abs=1)


def test_rotating_the_phone_keeps_the_drawing(open_page, four):
    page = open_page(viewport={"width": 360, "height": 740})
    draw_by_mouse(page, four)
    before = ink(page)
    width = page.evaluate("canvas.width")
    page.set_viewport_size({"width": 740, "height": 360})
    page.wait_for_function("width => canvas.width !== width", arg=width)

    assert ink(page) == pytest.approx(before, rel=0.05)
    assert len(stored_strokes(page)) == 2


def test_prediction_does_not_depend_on_the_screen(open_page, four):
    sentences = set()
    for options in ({}, {"device_scale_factor": 3}, {"viewport": {"width": 340, "height": 800}}):
        page = open_page(**options)
        draw_by_mouse(page, four)
        expect(page.locator("#prediction")).to_have_attribute("aria-busy", "false")
        sentences.add(page.locator("#sentence").inner_text())

    assert len(sentences) == 1


def test_drawing_by_touch_does_not_scroll_the_page(open_page, four):
    page = open_page(has_touch=True, is_mobile=True, viewport={"width": 360, "height": 500})
    x, y = middle(page)
    swipe(page, [(x, y + 100 - 20 * step) for step in range(10)])

    assert page.evaluate("scrollY") == 0
    assert ink(page) > 0.01


def test_swiping_outside_the_canvas_scrolls_the_page(open_page):
    page = open_page(has_touch=True, is_mobile=True, viewport={"width": 360, "height": 500})
    swipe(page, [(100, 480 - 20 * step) for step in range(20)])

    page.wait_for_function("scrollY > 0")


def test_ignores_a_second_finger(open_page, four):
    page = open_page(has_touch=True)
    session = page.context.new_cdp_session(page)
    (x1, y1), (x2, y2) = to_canvas_points(page, four)[0][:: len(four[0]) - 1]
    for kind, count in (("touchStart", 1), ("touchStart", 2), ("touchMove", 2), ("touchEnd", 0)):
        shift = 60 if kind == "touchMove" else 0
        fingers = [{"x": x1 + shift, "y": y1, "id": 1}, {"x": x2 + shift, "y": y2, "id": 2}]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers[:count]})

    assert len(stored_strokes(page)) == 1
