"""Draw on the page with the mouse or a finger, and simulate a lost response."""

import numpy as np


def to_canvas_points(page, strokes, share=0.6):
    """Return the strokes in window coordinates. The longer side covers `share` of the canvas."""
    box = page.locator("#canvas").bounding_box()
    points = np.concatenate([np.array(stroke, float) for stroke in strokes])
    low, high = points.min(axis=0), points.max(axis=0)
    scale = share * box["width"] / max((high - low).max(), 1)
    centre = np.array([box["x"] + box["width"] / 2, box["y"] + box["height"] / 2])
    return [(np.array(stroke) - (low + high) / 2) * scale + centre for stroke in strokes]


def draw_by_mouse(page, strokes):
    for first, *rest in to_canvas_points(page, strokes):
        page.mouse.move(*first)
        page.mouse.down()
        for point in rest:
            page.mouse.move(*point)
        page.mouse.up()


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


def drop_response(route):
    """Let the request reach the server but drop the response. Use it with `page.route`."""
    route.fetch()
    route.abort()
