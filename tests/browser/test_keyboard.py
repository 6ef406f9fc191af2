"""Draw, undo, correct and open the help by keyboard alone."""

import pytest
from playwright.sync_api import expect

from recognizer.models import Label, Submission
from tests.browser.pointer import draw_and_wait, draw_by_mouse, press_keys, tab_to_canvas
from tests.support.synthetic_digits import row_of


def draw_a_seven(page):
    press_keys(page, (9, "ArrowLeft"))
    page.keyboard.press("Space")
    press_keys(page, (18, "ArrowRight"), (12, "ArrowDown", "ArrowLeft"), (8, "ArrowDown"))
    page.keyboard.press("Space")


@pytest.fixture
def drawn(page, four):
    """Return a page with a drawn 4 and its prediction."""
    draw_and_wait(page, four)
    return page


def draw_next(page, strokes):
    """Start a new drawing without a correction, and draw the same strokes."""
    page.get_by_role("button", name="Next drawing").click()
    expect(page.locator("#notice")).not_to_contain_text("Saved")
    expect(page.locator("#correction [aria-pressed=true]")).to_have_count(0)
    draw_and_wait(page, strokes)


def test_draws_and_confirms_by_keyboard(page):
    tab_to_canvas(page)
    expect(page.locator("#cursor")).to_be_visible()
    draw_a_seven(page)
    expect(page.locator("#sentence")).to_contain_text("a 7")
    page.keyboard.press("Enter")

    expect(page.locator("#notice")).to_contain_text("Saved as a 7")
    row = Submission.objects.get()
    assert (row.predicted_digit, row.corrected_digit) == (Label.SEVEN, Label.SEVEN)
    assert len(row.strokes) == 1


@pytest.mark.parametrize(("key", "label"), [("9", Label.NINE), ("Enter", Label.SEVEN)])
def test_correction_ends_the_stroke(page, key, label):
    tab_to_canvas(page)
    draw_a_seven(page)
    expect(page.locator("#sentence")).to_contain_text("a 7")
    page.keyboard.press("Space")
    press_keys(page, (1, "ArrowLeft"))
    page.keyboard.press(key)
    expect(page.locator("#notice")).to_contain_text("Thank")
    page.keyboard.press("Tab")
    page.clock.fast_forward(2000)
    page.wait_for_timeout(300)

    row = Submission.objects.get()
    assert (row.corrected_digit, len(row.strokes)) == (label, 2)


def test_shows_and_announces_the_pen(page):
    tab_to_canvas(page)
    announcement, cursor = page.locator("#announcement"), page.locator("#cursor")
    before = cursor.bounding_box()
    press_keys(page, (1, "ArrowRight"), (1, "ArrowDown", "Shift"))
    after = cursor.bounding_box()
    side = page.locator("#canvas").bounding_box()["width"]
    assert after["x"] - before["x"] == pytest.approx(side * 7 / 280, abs=1)
    assert after["y"] - before["y"] == pytest.approx(side * 2 / 280, abs=1)
    page.keyboard.press("Space")
    expect(announcement).to_have_text("Pen down")
    page.keyboard.press("Space")
    expect(announcement).to_have_text("Pen up")


def test_pen_stays_on_the_canvas(page):
    tab_to_canvas(page)
    press_keys(page, (30, "ArrowUp"), (30, "ArrowLeft"))
    page.keyboard.press("Space")
    press_keys(page, (50, "ArrowDown"))
    page.keyboard.press("Space")
    page.clock.fast_forward(2000)
    expect(page.locator("#notice")).to_contain_text("Saved")

    ((first, *_, last),) = Submission.objects.get().strokes
    assert (first[:2], last[:2]) == ([0, 0], [0, 280])


def test_leaving_the_canvas_lifts_the_pen(page):
    tab_to_canvas(page)
    page.keyboard.press("Space")
    press_keys(page, (10, "ArrowDown"))
    page.keyboard.press("Tab")

    expect(page.locator("#undo")).to_be_enabled()


def test_corrects_by_key(drawn, four):
    for key, text in (("9", "a 9"), ("n", "“not a digit”"), ("0", "a 0")):
        drawn.keyboard.press(key)
        expect(drawn.locator("#notice")).to_contain_text(f"Saved as {text}")
        draw_next(drawn, four)


def test_corrects_by_key_in_every_layout(drawn, four):
    for key, code, text in (
        ("N", "KeyN", "“not a digit”"),  # CapsLock
        ("٩", "Digit9", "a 9"),  # Arabic
        ("т", "KeyN", "“not a digit”"),  # Cyrillic
        ("ç", "Digit9", "a 9"),  # French
    ):
        press_in_layout(drawn, key, code)
        expect(drawn.locator("#notice")).to_contain_text(f"Saved as {text}")
        draw_next(drawn, four)


def press_in_layout(page, key, code):
    event = {"key": key, "code": code, "bubbles": True, "cancelable": True}
    page.locator("body").dispatch_event("keydown", event)


def test_caps_lock_does_not_turn_undo_into_redo(drawn):
    press_in_layout(drawn, "Z", "KeyZ")

    expect(drawn.locator("#redo")).to_be_enabled()


def test_undoes_redoes_and_clears_by_key(drawn, four):
    undo, redo = drawn.locator("#undo"), drawn.locator("#redo")
    drawn.keyboard.press("z")
    expect(redo).to_be_enabled()
    drawn.keyboard.press("z")
    expect(undo).to_be_disabled()
    drawn.keyboard.press("y")
    drawn.keyboard.press("Control+Shift+Z")
    expect(redo).to_be_disabled()
    expect(drawn.locator("#digit")).to_have_text("4")
    drawn.keyboard.press("Escape")
    expect(drawn.locator("#sentence")).to_contain_text("Draw one digit")


def test_enter_on_a_button_activates_the_button(drawn):
    drawn.get_by_role("button", name="9").focus()
    drawn.keyboard.press("Enter")

    expect(drawn.locator("#notice")).to_contain_text("Saved as a 9")


def test_question_mark_opens_the_help(page):
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    expect(page.get_by_role("dialog")).to_contain_text("Put the pen down or lift it")
    page.keyboard.press("Escape")

    expect(page.get_by_role("dialog")).to_be_hidden()


def test_shortcuts_can_be_disabled_for_voice_control(drawn):
    drawn.keyboard.press("?")
    drawn.get_by_label("Enable keyboard shortcuts").uncheck()
    drawn.get_by_role("button", name="Close").click()
    drawn.keyboard.press("9")
    drawn.keyboard.press("Escape")
    expect(drawn.locator("#digit")).to_have_text("4")
    expect(drawn.locator("#correction [aria-pressed=true]")).to_have_count(0)
    drawn.reload()

    expect(drawn.locator("#shortcuts-enabled")).not_to_be_checked()


RECORD_ANNOUNCEMENTS = """() => {
    const region = document.getElementById("announcement");
    window.announced = [];
    new MutationObserver(() => announced.push(region.textContent)).observe(region, {
        childList: true, characterData: true, subtree: true,
    });
}"""


def test_announces_the_prediction_after_the_pen_is_lifted(page):
    tab_to_canvas(page)
    press_keys(page, (9, "ArrowLeft"))
    page.keyboard.press("Space")
    press_keys(page, (18, "ArrowRight"), (12, "ArrowDown", "ArrowLeft"), (8, "ArrowDown"))
    page.clock.fast_forward(300)
    press_keys(page, (1, "ArrowDown"))  # asks for a prediction
    expect(page.locator("#sentence")).to_contain_text("a 7")
    page.evaluate(RECORD_ANNOUNCEMENTS)
    page.keyboard.press("Space")
    expect(page.locator("#prediction")).to_have_attribute("aria-busy", "false")
    page.clock.fast_forward(900)

    expect(page.locator("#announcement")).to_contain_text("a 7")
    assert page.evaluate("announced")[0] == "Pen up"


def test_undo_keeps_an_identical_drawing_that_was_confirmed(page):
    """By keyboard, it is easy to draw the same stroke twice."""

    def draw_a_one():
        press_keys(page, (1, "Space"), (20, "ArrowDown"), (1, "Space"))
        expect(page.locator("#digit")).to_have_text("1")
        expect(page.locator("#prediction")).to_have_attribute("aria-busy", "false")

    tab_to_canvas(page)
    draw_a_one()
    page.keyboard.press("Enter")
    expect(page.locator("#notice")).to_contain_text("Saved as a 1")
    page.get_by_role("button", name="Next drawing").click()
    press_keys(page, (20, "ArrowUp"))
    draw_a_one()
    page.clock.fast_forward(2000)
    expect(page.locator("#notice")).to_contain_text("Saved")
    page.keyboard.press("z")
    page.clock.fast_forward(2000)
    page.wait_for_timeout(300)

    assert Submission.objects.get().corrected_digit == Label.ONE


@pytest.mark.parametrize("key", ["9", "n"])
def test_enter_does_not_undo_a_correction(drawn, key):
    drawn.keyboard.press(key)
    expect(drawn.locator("#notice")).to_contain_text("Thank")
    drawn.keyboard.press("Enter")
    drawn.wait_for_timeout(300)

    assert Submission.objects.get().corrected_digit == (
        Label.NINE if key == "9" else Label.NOT_A_DIGIT
    )


def test_enter_confirms_the_digits_that_were_not_corrected(page):
    draw_by_mouse(page, row_of(4, 2))
    expect(page.locator("#sentence")).to_contain_text("42")
    page.keyboard.press("9")
    expect(page.locator("#notice")).to_contain_text("Thank")
    page.keyboard.press("Enter")
    expect(page.locator("#notice")).to_contain_text("92")

    rows = Submission.objects.order_by("created")
    assert {row.corrected_digit for row in rows} == {Label.NINE, Label.TWO}


def test_announces_the_prediction_once_to_screen_readers(page, four):
    page.evaluate("""() => {
        window.announced = [];
        const announcement = document.getElementById("announcement");
        new MutationObserver(() => announced.push(announcement.textContent))
            .observe(announcement, { childList: true });
    }""")
    draw_by_mouse(page, four)
    expect(page.locator("#digit")).to_have_text("4")
    expect(page.locator("#prediction")).to_have_attribute("aria-busy", "false")
    page.clock.fast_forward(900)
    expect(page.locator("#announcement")).to_contain_text("This is a 4")

    assert len(page.evaluate("announced")) <= 2  # the text before, and the prediction
