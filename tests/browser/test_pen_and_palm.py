"""A stylus draws undisturbed by the palm, and no stroke continues without a pressed button."""

import pytest
from playwright.sync_api import expect

from recognizer.models import Submission
from tests.browser.pointer import ink, swipe, to_canvas_points


class Device:
    """Send events of a stylus and of a palm on the same screen."""

    def __init__(self, page):
        self.session = page.context.new_cdp_session(page)

    def stylus(self, kind, point, buttons=1):
        x, y = map(float, point)
        event = {"type": kind, "x": x, "y": y, "button": "left", "buttons": buttons}
        event |= {"clickCount": 1, "pointerType": "pen", "force": 0.5}
        self.session.send("Input.dispatchMouseEvent", event)

    def palm(self, kind, *points):
        touch_points = [{"x": float(x), "y": float(y)} for x, y in points]
        self.session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touch_points})

    def stroke(self, points, halfway=lambda: None):
        self.stylus("mousePressed", points[0])
        for i, point in enumerate(points[1:]):
            self.stylus("mouseMoved", point)
            if i == len(points) // 2:
                halfway()
        self.stylus("mouseReleased", points[-1], buttons=0)


@pytest.fixture
def device(page):
    return Device(page)


@pytest.fixture
def palm_point(page):
    box = page.locator("#canvas").bounding_box()
    return box["x"] + 0.9 * box["width"], box["y"] + 0.9 * box["height"]


def expect_stored_four(page):
    expect(page.locator("#digit")).to_have_text("4")
    page.clock.fast_forward(2000)
    expect(page.locator("#notice")).to_contain_text("Saved")
    assert len(Submission.objects.get().strokes) == 2


def test_palm_during_a_stroke_is_ignored(page, device, palm_point, four):
    x, y = palm_point
    for stroke in to_canvas_points(page, four):
        device.stroke(stroke, lambda: device.palm("touchStart", palm_point))
        device.palm("touchMove", (x - 9, y - 9))
        device.palm("touchEnd")

    expect_stored_four(page)


def test_palm_before_the_stylus_is_discarded(page, device, palm_point, four):
    first, second = to_canvas_points(page, four)
    device.palm("touchStart", palm_point)
    device.stroke(first)
    device.palm("touchEnd")
    device.stroke(second)

    expect_stored_four(page)


def test_second_finger_is_ignored(page, palm_point, four):
    for stroke in to_canvas_points(page, four):
        device = Device(page)
        device.palm("touchStart", stroke[0])
        device.palm("touchStart", stroke[0], palm_point)
        for point in stroke[1:]:
            device.palm("touchMove", point, palm_point)
        device.palm("touchEnd")

    expect_stored_four(page)


def test_cancelled_touch_draws_nothing(page, device, palm_point):
    device.palm("touchStart", palm_point)
    device.palm("touchCancel")

    assert ink(page) == 0
    expect(page.locator("#undo")).to_be_disabled()


def test_finger_draws_some_time_after_the_stylus(page, device, four):
    first, second = to_canvas_points(page, four)
    device.stroke(first)
    page.wait_for_timeout(1100)
    swipe(page, second)

    expect_stored_four(page)


def test_stroke_ends_when_the_release_of_the_button_was_lost(page, four):
    stroke = to_canvas_points(page, four)[0]
    page.mouse.move(*stroke[0])
    page.mouse.down()
    for point in stroke[1:]:
        page.mouse.move(*point)
    before = ink(page)
    session = page.context.new_cdp_session(page)
    for x, y in stroke[0], stroke[-1]:
        event = {"type": "mouseMoved", "x": float(x) + 30, "y": float(y), "buttons": 0}
        session.send("Input.dispatchMouseEvent", event)

    assert ink(page) == before
    expect(page.locator("#undo")).to_be_enabled()
    page.mouse.up()


def test_double_tap_does_not_zoom(page):
    for selector in "body", "#canvas":
        action = page.locator(selector).evaluate(
            "(element) => getComputedStyle(element).touchAction"
        )
        assert action in ("manipulation", "none")
