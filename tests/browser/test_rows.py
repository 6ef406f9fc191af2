"""A picture with several rows: the page shows the rows, and the visitor chooses a number."""

import pytest
from playwright.sync_api import expect

from recognizer.models import Submission
from tests.api.test_pages import page as draw_page
from tests.api.test_pages import photo
from tests.browser.test_uploads import choose
from tests.support.factories import png


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


def test_tables_have_a_button_for_each_cell(page):
    choose(page, png(draw_page(cell=220)))
    expect(page.locator("#rows li")).to_have_count(3)
    expect(page.locator("#rows li").nth(1).get_by_role("button")).to_have_text(["7", "3"])
