"""Use the draw page: draw with the mouse, a finger or the keyboard, upload, lose a response."""

import numpy as np
from playwright.sync_api import expect

# Return the share of a canvas that has ink, 0 to 1.
INK = """(canvas) => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    const opaque = data.filter((value, i) => i % 4 === 3 && value > 127);
    return opaque.length / (canvas.width * canvas.height);
}"""


def ink(page):
    """Return the share of the page's canvas that has ink, 0 to 1."""
    return page.locator("#canvas").evaluate(INK)


def to_canvas_points(page, strokes):
    """Return the strokes in window coordinates. The longer side covers 60% of the canvas."""
    box = page.locator("#canvas").bounding_box()
    points = np.concatenate([np.array(stroke, float) for stroke in strokes])
    low, high = points.min(axis=0), points.max(axis=0)
    scale = 0.6 * box["width"] / max((high - low).max(), 1)
    centre = np.array([box["x"] + box["width"] / 2, box["y"] + box["height"] / 2])
    return [(np.array(stroke) - (low + high) / 2) * scale + centre for stroke in strokes]


def draw_by_mouse(page, strokes):
    for first, *rest in to_canvas_points(page, strokes):
        page.mouse.move(*first)
        page.mouse.down()
        for point in rest:
            page.mouse.move(*point)
        page.mouse.up()


def draw_and_wait(page, strokes):
    """Draw by mouse, and wait for the prediction of the whole drawing."""
    draw_by_mouse(page, strokes)
    expect(page.locator("#confirm")).to_be_enabled()
    expect(page.locator("#prediction")).to_have_attribute("aria-busy", "false")


def draw_by_touch(page, strokes):
    for stroke in to_canvas_points(page, strokes):
        swipe(page, stroke)


def swipe(page, points):
    """Move one finger along the points, with real touch events."""
    session = page.context.new_cdp_session(page)
    for i, (x, y) in enumerate(points):
        kind = "touchMove" if i else "touchStart"
        touch_points = [{"x": float(x), "y": float(y)}]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touch_points})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    session.detach()


def tab_to_canvas(page):
    """Move the focus to the canvas with the Tab key."""
    for _ in range(10):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "canvas":
            return
    raise AssertionError("the Tab key does not reach the canvas")


def press_keys(page, *presses):
    """Press keys. Each item is (times, key), or (times, key, key to hold meanwhile)."""
    for times, *keys in presses:
        for key in keys[1:]:
            page.keyboard.down(key)
        for _ in range(times):
            page.keyboard.press(keys[0])
        for key in keys[1:]:
            page.keyboard.up(key)


def choose(page, content, name="seven.png", kind="image/png"):
    """Choose a file to upload."""
    page.get_by_label("Upload").set_input_files({"name": name, "mimeType": kind, "buffer": content})


def expect_sentence(page):
    """Return Playwright's assertions about the sentence with the prediction or the error."""
    return expect(page.locator("#sentence"))


def expect_prediction(page, digit):
    """Wait for the prediction of a single digit."""
    expect_sentence(page).to_contain_text(f"a {digit}")


def drop_response(route):
    """Let the request reach the server but drop the response. Use it with `page.route`."""
    route.fetch()
    route.abort()
