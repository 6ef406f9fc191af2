"""With forced colours (Windows' high contrast), drawings and selections stay visible."""

import io

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from recognizer.models import Label
from tests.browser.pointer import draw_by_mouse
from tests.support.review_helpers import submissions
from tests.support.synthetic_digits import row_of

KEYS = ("x", "y", "width", "height")  # of a box in Playwright
FORCED = {"forced_colors": "active", "color_scheme": "dark"}

MARGIN = 4  # pixels around an element, for its ring


def pixels_of(locator):
    """Return the grey levels of the element and of a margin around it."""
    x, y, width, height = (round(locator.bounding_box()[key]) for key in KEYS)
    clip = (x - MARGIN, y - MARGIN, width + 2 * MARGIN, height + 2 * MARGIN)
    file = locator.page.screenshot(clip=dict(zip(KEYS, clip, strict=True)))
    return np.array(Image.open(io.BytesIO(file)).convert("L"), float)


def assert_differ(first, second):
    """Elements of the same size must differ in more than the character that they show."""
    first, second = pixels_of(first).mean(), pixels_of(second).mean()
    assert abs(first - second) > 5


@pytest.fixture
def page(open_page):
    return open_page(**FORCED)


def test_canvas_is_light_under_dark_ink(page, four):
    draw_by_mouse(page, four)
    page.mouse.move(0, 0)
    drawn = pixels_of(page.locator("#canvas"))
    assert np.median(drawn) > 200
    assert drawn.min() < 60


def test_shows_the_selected_pen_width(page):
    widths = page.locator("#pen-widths label")
    page.get_by_label("Thin").check(force=True)
    assert all(np.ptp(pixels_of(widths.nth(i))) > 100 for i in range(3))
    before = pixels_of(widths.nth(2))
    page.get_by_label("Thick").check(force=True)
    assert np.abs(pixels_of(widths.nth(2)) - before).max() > 20


def test_shows_the_answer(page, four):
    draw_by_mouse(page, four)
    expect(page.locator("#digit")).to_have_text("4")
    buttons = page.locator("#correction")
    nine, zero = (buttons.get_by_role("button", name=name, exact=True) for name in "90")
    nine.click()
    expect(nine).to_have_attribute("aria-pressed", "true")
    page.mouse.move(0, 0)
    assert_differ(nine, zero)
    assert np.ptp(pixels_of(page.get_by_role("button", name="Next drawing"))) > 60


def test_underlines_only_the_selected_digit(page):
    draw_by_mouse(page, row_of(4, 4))
    digits = page.locator("#digit button")
    expect(digits).to_have_count(2)
    page.mouse.move(0, 0)
    assert_differ(digits.nth(0), digits.nth(1))


def test_my_drawings_shows_the_drawing_and_the_switch(page, four):
    draw_by_mouse(page, four)
    page.locator("#confirm").click()
    expect(page.locator("#notice")).to_contain_text("Thank")
    page.get_by_role("link", name="My drawings", exact=True).click()
    drawn = pixels_of(page.locator(".drawing-image"))
    assert np.median(drawn) > 200
    assert drawn.min() < 60
    switch = page.get_by_role("switch")
    on = pixels_of(switch)
    switch.click()
    expect(switch).to_have_attribute("aria-checked", "false")
    page.mouse.move(0, 0)
    assert np.abs(pixels_of(switch) - on).max() > 20


def test_bulk_review_shows_the_current_label(open_review):
    submissions(1, predicted_digit=Label.FOUR)
    page = open_review("/review/bulk/4/", **FORCED)
    tabs = page.locator(".tabs a")
    assert_differ(tabs.nth(4), tabs.nth(5))
