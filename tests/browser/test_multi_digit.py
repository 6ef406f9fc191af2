"""Several digits side by side are predicted as a number and corrected one by one."""

import pytest
from playwright.sync_api import expect

from recognizer.models import Label, Submission
from tests.browser.pointer import draw_and_wait, draw_by_mouse
from tests.support.synthetic_digits import row_of

RECORD_NOTICES = """() => {
    const notice = document.getElementById("notice");
    window.notices = [];
    const record = () => window.notices.push(notice.textContent);
    new MutationObserver(record).observe(notice, { childList: true });
}"""


@pytest.fixture
def drawn(page):
    """Return a page with a drawn 42 and its prediction."""
    draw_and_wait(page, row_of(4, 2))
    expect(page.locator("#digit")).to_have_text("42")
    return page


def digit_button(page, name):
    return page.get_by_role("button", name=name)


def test_predicts_a_number(drawn):
    expect(drawn.locator("#sentence")).to_contain_text("42")
    expect(drawn.locator("#notice")).to_contain_text("To correct only one digit, select it above.")
    expect(digit_button(drawn, "Digit 1: a 4")).to_have_attribute("aria-pressed", "true")
    expect(digit_button(drawn, "Digit 2: a 2")).to_have_attribute("aria-pressed", "false")


def test_yes_confirms_every_digit(drawn):
    drawn.evaluate(RECORD_NOTICES)
    drawn.get_by_role("button", name="Yes, it’s 42").click()

    expect(drawn.locator("#notice")).to_contain_text("Saved as 42")
    thanks = [text for text in drawn.evaluate("window.notices") if "Thank you" in text]
    assert thanks == ["Thank you. Saved as 42. A reviewer will check it."]
    rows = Submission.objects.order_by("predicted_digit")
    assert [(row.predicted_digit, row.corrected_digit) for row in rows] == [(2, 2), (4, 4)]
    assert all(len(row.strokes) in (1, 2) for row in rows)


def test_corrects_only_the_selected_digit(drawn):
    digit_button(drawn, "Digit 2: a 2").click()
    drawn.get_by_role("button", name="7", exact=True).click()

    expect(drawn.locator("#notice")).to_contain_text("Saved as a 7")
    four, two = Submission.objects.order_by("-predicted_digit")
    assert (four.corrected_digit, two.corrected_digit) == (None, Label.SEVEN)


def test_corrects_both_digits_one_after_the_other(drawn):
    digit_button(drawn, "Digit 2: a 2").click()
    drawn.keyboard.press("7")
    expect(drawn.locator("#notice")).to_contain_text("Saved as a 7")
    digit_button(drawn, "Digit 1: a 4").click()
    drawn.keyboard.press("9")

    expect(drawn.locator("#notice")).to_contain_text("Saved as 97")
    assert set(Submission.objects.values_list("corrected_digit", flat=True)) == {7, 9}


def test_details_belong_to_the_selected_digit(drawn):
    model_input = drawn.locator("#model-input")
    first = model_input.get_attribute("src")
    digit_button(drawn, "Digit 2: a 2").click()

    expect(drawn.locator("#probabilities .predicted th")).to_have_text("2")
    assert model_input.get_attribute("src") != first


def test_number_replaces_the_digit_stored_before(page):
    draw_by_mouse(page, row_of(4, 2))
    page.get_by_role("button", name="Undo").click()
    page.clock.fast_forward(2000)
    expect(page.locator("#notice")).to_contain_text("Saved")
    assert Submission.objects.count() == 1
    page.get_by_role("button", name="Redo").click()
    page.clock.fast_forward(2000)
    expect(page.locator("#digit")).to_have_text("42")
    expect(page.locator("#notice")).to_contain_text("Saved")
    page.wait_for_load_state("networkidle")

    assert sorted(Submission.objects.values_list("predicted_digit", flat=True)) == [2, 4]
