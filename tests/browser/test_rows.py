"""A picture with several rows: the page shows the rows, and the visitor chooses a number."""

import pytest
from playwright.sync_api import expect

from recognizer.models import Submission
from tests.browser.pointer import choose
from tests.support.factories import png
from tests.support.synthetic_pages import draw_page, photo


@pytest.fixture
def several(page):
    choose(page, photo(draw_page(), 2), "page.jpg", "image/jpeg")
    expect(page.locator("#sentence")).to_have_text(
        "This picture has 3 rows of digits. Choose a number:"
    )
    return page


def test_shows_the_rows_and_stores_nothing(several):
    expect(several.locator("#rows li")).to_have_text(["420", "73", "186"])
    expect(several.get_by_role("button", name="Yes")).to_be_disabled()
    several.wait_for_timeout(2500)  # longer than a drawing waits until it is stored
    assert not Submission.objects.exists()


def test_chosen_number_is_predicted_stored_and_confirmed(several):
    several.get_by_role("button", name="73", exact=True).click()
    expect(several.locator("#digit")).to_have_text("73")
    expect(several.locator("#rows")).to_be_hidden()
    several.get_by_role("button", name="Yes, it’s 73").click()
    expect(several.locator("#notice")).to_contain_text("Saved as 73")
    assert sorted(row.corrected_digit for row in Submission.objects.all()) == [3, 7]


def test_undo_returns_to_the_rows(several):
    several.get_by_role("button", name="420").click()
    expect(several.locator("#digit")).to_have_text("420")
    several.get_by_role("button", name="Undo").click()
    expect(several.locator("#rows li")).to_have_text(["420", "73", "186"])
    several.get_by_role("button", name="186").click()
    expect(several.locator("#digit")).to_have_text("186")


def test_next_drawing_returns_to_the_rows(several):
    several.get_by_role("button", name="73", exact=True).click()
    several.get_by_role("button", name="Yes, it’s 73").click()
    expect(several.locator("#notice")).to_contain_text("Saved as 73")
    several.get_by_role("button", name="Next drawing").click()
    expect(several.locator("#rows li")).to_have_text(["420", "73", "186"])
    several.get_by_role("button", name="186").click()
    several.get_by_role("button", name="Yes, it’s 186").click()
    expect(several.locator("#notice")).to_contain_text("Saved as 186")

    assert sorted(row.corrected_digit for row in Submission.objects.all()) == [1, 3, 6, 7, 8]


@pytest.mark.parametrize("button", ["Undo", "Next drawing"])
def test_reload_keeps_the_way_back_to_the_rows(several, button):
    several.get_by_role("button", name="73", exact=True).click()
    expect(several.locator("#digit")).to_have_text("73")
    if button == "Next drawing":
        several.get_by_role("button", name="Yes, it’s 73").click()
        expect(several.locator("#notice")).to_contain_text("Saved as 73")
    several.reload()
    expect(several.locator("#digit")).to_have_text("73")
    several.get_by_role("button", name=button).click()
    expect(several.locator("#rows li")).to_have_text(["420", "73", "186"])


def test_tables_have_a_button_for_each_cell(page):
    choose(page, png(draw_page(cell=220)))
    expect(page.locator("#rows li")).to_have_count(3)
    expect(page.locator("#rows li").nth(1).get_by_role("button")).to_have_text(["7", "3"])


def drag(page, start, end):
    """Drag from one point of the canvas to another. The canvas has 280 × 280 units."""
    canvas = page.locator("#canvas").bounding_box()
    scale = canvas["width"] / 280
    for move, (x, y) in ((page.mouse.down, start), (page.mouse.up, end)):
        page.mouse.move(canvas["x"] + x * scale, canvas["y"] + y * scale, steps=4)
        move()


def test_cuts_out_the_part_that_is_dragged_across(several):
    expect(several.locator("#notice")).to_have_text(
        "Drag across a part of the picture to cut it out."
    )
    drag(several, (20, 110), (112, 153))
    expect(several.locator("#digit")).to_have_text("73")
    several.get_by_role("button", name="Undo").click()
    expect(several.locator("#rows li")).to_have_text(["420", "73", "186"])
    assert not Submission.objects.exists()


def test_cuts_out_a_part_with_the_keyboard(several):
    several.locator("#canvas").focus()
    for keys in (["ArrowLeft"] * 4, ["ArrowDown"] * 6, " ", ["ArrowLeft"] * 13, ["ArrowDown"] * 6):
        for key in keys:
            several.keyboard.press("Space" if key == " " else key)
    several.keyboard.press("Space")
    expect(several.locator("#digit")).to_have_text("73")


def test_a_part_with_several_rows_says_so(several):
    drag(several, (5, 52), (270, 225))
    expect(several.locator("#sentence")).to_have_text(
        "The picture shows several rows of digits. Cut out one of the numbers."
    )
    drag(several, (20, 110), (112, 153))
    expect(several.locator("#digit")).to_have_text("73")


def test_a_click_cuts_nothing_out(several):
    several.locator("#canvas").click()
    expect(several.locator("#rows li")).to_have_text(["420", "73", "186"])
