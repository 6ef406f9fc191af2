"""Undo and Clear include the stroke that the keyboard has not finished."""

from playwright.sync_api import expect

from tests.browser.pointer import draw_and_wait, ink, press_keys, tab_to_canvas


def test_escape_clears_a_stroke_before_the_pen_is_lifted(page):
    tab_to_canvas(page)
    page.keyboard.press("Space")
    press_keys(page, (15, "ArrowDown"))
    page.keyboard.press("Escape")
    expect(page.locator("#clear")).to_be_disabled()
    assert ink(page) == 0
    page.keyboard.press("z")
    expect(page.locator("#digit")).to_have_text("1")


def test_undo_removes_the_stroke_that_the_keyboard_is_drawing(page, four):
    draw_and_wait(page, four)
    page.locator("#canvas").focus()
    before = ink(page)
    page.keyboard.press("Space")
    press_keys(page, (5, "ArrowRight"))
    page.keyboard.press("z")
    press_keys(page, (5, "ArrowRight"))
    expect(page.locator("#digit")).to_have_text("4")
    assert ink(page) == before
