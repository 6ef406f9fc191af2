"""Several digits on one paper: read as a number, each answered alone."""

import pytest
from browser.hands import draw_by_mouse
from handwriting import row_of
from playwright.sync_api import expect

from recognizer.models import Answer, Submission


@pytest.fixture
def drawn(page):
    """A page with a drawn 42, read."""
    draw_by_mouse(page, row_of(4, 2))
    expect(page.locator("#digit")).to_have_text("42")
    expect(page.locator("#verdict")).to_have_attribute("aria-busy", "false")
    return page


def tile(page, name):
    return page.get_by_role("button", name=name)


def test_it_is_read_as_a_number(drawn):
    expect(drawn.locator("#sentence")).to_contain_text("42")
    expect(drawn.locator("#notice")).to_contain_text("Choose one of the digits")
    expect(tile(drawn, "Digit 1: a 4")).to_have_attribute("aria-pressed", "true")
    expect(tile(drawn, "Digit 2: a 2")).to_have_attribute("aria-pressed", "false")


def test_yes_confirms_each(drawn):
    drawn.get_by_role("button", name="Yes, it’s 42").click()

    expect(drawn.locator("#notice")).to_contain_text("Stored as 42")
    rows = Submission.objects.order_by("predicted_digit")
    assert [(row.predicted_digit, row.corrected_digit) for row in rows] == [(2, 2), (4, 4)]
    assert all(len(row.strokes) in (1, 2) for row in rows)


def test_one_is_corrected_alone(drawn):
    tile(drawn, "Digit 2: a 2").click()
    drawn.get_by_role("button", name="7", exact=True).click()

    expect(drawn.locator("#notice")).to_contain_text("Stored as a 7")
    four, two = Submission.objects.order_by("-predicted_digit")
    assert (four.corrected_digit, two.corrected_digit) == (None, Answer.SEVEN)


def test_the_other_one_afterwards(drawn):
    tile(drawn, "Digit 2: a 2").click()
    drawn.keyboard.press("7")
    expect(drawn.locator("#notice")).to_contain_text("Stored as a 7")
    tile(drawn, "Digit 1: a 4").click()
    drawn.keyboard.press("9")

    expect(drawn.locator("#notice")).to_contain_text("Stored as 97")
    assert set(Submission.objects.values_list("corrected_digit", flat=True)) == {7, 9}


def test_the_details_are_those_of_the_chosen_digit(drawn):
    seen = drawn.locator("#seen")
    first = seen.get_attribute("src")
    tile(drawn, "Digit 2: a 2").click()

    expect(drawn.locator("#bars .best th")).to_have_text("2")
    assert seen.get_attribute("src") != first


def test_what_becomes_a_number_replaces_the_digit_that_was_stored(page):
    four, two = row_of(4, 2)[:2], row_of(4, 2)[2:]
    everything = row_of(4, 2)
    assert four + two == everything
    draw_by_mouse(page, everything)
    page.get_by_role("button", name="Undo").click()
    page.clock.fast_forward(2000)
    expect(page.locator("#notice")).to_contain_text("Stored")
    assert Submission.objects.count() == 1
    page.get_by_role("button", name="Redo").click()
    page.clock.fast_forward(2000)
    expect(page.locator("#digit")).to_have_text("42")
    expect(page.locator("#notice")).to_contain_text("Stored")
    page.wait_for_load_state("networkidle")

    assert sorted(Submission.objects.values_list("predicted_digit", flat=True)) == [2, 4]
