"""Pen width, pressure of a stylus, undo and redo."""

import pytest
from playwright.sync_api import expect

from recognizer.models import Submission
from tests.browser.pointer import draw_by_mouse, ink, to_canvas_points


def draw_by_stylus(page, points, force):
    """Draw one stroke with a stylus. `force` is its pressure, 0 to 1."""
    session = page.context.new_cdp_session(page)
    kinds = ["mousePressed", *["mouseMoved"] * (len(points) - 1), "mouseReleased"]
    for kind, (x, y) in zip(kinds, [*points, points[-1]], strict=True):
        session.send(
            "Input.dispatchMouseEvent",
            {
                "type": kind,
                "x": float(x),
                "y": float(y),
                "button": "left",
                "buttons": 1,
                "clickCount": 1,
                "pointerType": "pen",
                "force": force,
            },
        )
    session.detach()


def test_wider_pens_draw_more_ink(page, four):
    amounts = []
    for width in ("Thin", "Medium", "Thick"):
        page.get_by_label(width).check()
        draw_by_mouse(page, four)
        amounts.append(ink(page))
        page.get_by_role("button", name="Clear").click()

    assert amounts[0] < 0.75 * amounts[1]
    assert amounts[1] < 0.75 * amounts[2]


def test_changing_the_pen_width_keeps_earlier_strokes(page, four):
    page.get_by_label("Thick").check()
    draw_by_mouse(page, four)
    before = ink(page)
    page.get_by_label("Thin").check()
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("button", name="Redo").click()

    assert ink(page) == before


def test_more_pressure_draws_wider_strokes(page, four):
    amounts = []
    for force in (0.1, 0.5, 0.9):
        for stroke in to_canvas_points(page, four):
            draw_by_stylus(page, stroke, force)
        amounts.append(ink(page))
        expect(page.locator("#digit")).to_have_text("4")
        page.get_by_role("button", name="Clear").click()
    draw_by_mouse(page, four)

    assert amounts[0] < 0.8 * amounts[1] < 0.8 * 0.8 * amounts[2]
    # A mouse draws like a stylus with half pressure.
    assert ink(page) == pytest.approx(amounts[1], rel=0.05)


def test_redo_restores_undone_strokes(page, four):
    undo, redo = (page.get_by_role("button", name=name) for name in ("Undo", "Redo"))
    draw_by_mouse(page, four)
    whole = ink(page)
    undo.click()
    undo.click()
    assert ink(page) == 0
    expect(undo).to_be_disabled()
    redo.click()
    redo.click()
    assert ink(page) == whole
    expect(redo).to_be_disabled()
    expect(page.locator("#digit")).to_have_text("4")


def test_new_stroke_disables_redo(page, four):
    draw_by_mouse(page, four)
    page.get_by_role("button", name="Undo").click()
    draw_by_mouse(page, four[1:])

    expect(page.get_by_role("button", name="Redo")).to_be_disabled()


def test_stores_redone_strokes(page, four):
    draw_by_mouse(page, four)
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("button", name="Redo").click()
    page.clock.fast_forward(2000)
    expect(page.locator("#notice")).to_contain_text("Saved")

    assert len(Submission.objects.get().strokes) == 2
