"""Hands that draw on the page, by mouse and by finger, and one that cuts the line."""

import numpy as np


def on_canvas(page, strokes, share=0.6):
    """The strokes as points of the window, the longer side covering `share` of the canvas."""
    box = page.locator("#canvas").bounding_box()
    points = np.concatenate([np.array(stroke, float) for stroke in strokes])
    low, high = points.min(axis=0), points.max(axis=0)
    scale = share * box["width"] / max((high - low).max(), 1)
    centre = np.array([box["x"] + box["width"] / 2, box["y"] + box["height"] / 2])
    return [(np.array(stroke) - (low + high) / 2) * scale + centre for stroke in strokes]


def draw_by_mouse(page, strokes):
    for first, *rest in on_canvas(page, strokes):
        page.mouse.move(*first)
        page.mouse.down()
        for point in rest:
            page.mouse.move(*point)
        page.mouse.up()


def draw_by_touch(page, strokes):
    for stroke in on_canvas(page, strokes):
        swipe(page, stroke)


def swipe(page, points):
    """One finger down, along the points, and up again: real touch events."""
    session = page.context.new_cdp_session(page)
    for kind, point in [("touchStart", points[0]), *(("touchMove", at) for at in points[1:])]:
        at = [{"x": float(point[0]), "y": float(point[1])}]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": at})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    session.detach()


def lose_the_answer(route):
    """For `page.route`: the request arrives, its answer does not."""
    route.fetch()
    route.abort()
