"""Without a mouse: draw, undo, answer and find out how, by keys alone."""

import pytest
from browser.hands import draw_by_mouse
from playwright.sync_api import expect

from recognizer.models import Answer, Submission


def go_to_the_paper(page):
    """By Tab, as nobody without a mouse can click on it."""
    for _ in range(10):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "canvas":
            return
    raise AssertionError("Tab does not lead to the paper")


def walk(page, *legs):
    """Arrow keys: (how often, which) or (how often, which, together with which)."""
    for times, *keys in legs:
        for key in keys[1:]:
            page.keyboard.down(key)
        for _ in range(times):
            page.keyboard.press(keys[0])
        for key in keys[1:]:
            page.keyboard.up(key)


def draw_a_seven(page):
    walk(page, (9, "ArrowLeft"))
    page.keyboard.press("Space")
    walk(page, (18, "ArrowRight"), (12, "ArrowDown", "ArrowLeft"), (8, "ArrowDown"))
    page.keyboard.press("Space")


@pytest.fixture
def drawn(page, four):
    """A page with a drawn 4, read."""
    draw_by_mouse(page, four)
    expect(page.locator("#yes")).to_be_enabled()
    expect(page.locator("#verdict")).to_have_attribute("aria-busy", "false")
    return page


def settled(page, answer):
    expect(page.locator("#notice")).to_contain_text(f"Stored as {answer}")


def test_the_whole_visit_by_keys(page):
    go_to_the_paper(page)
    expect(page.locator("#cursor")).to_be_visible()
    draw_a_seven(page)
    expect(page.locator("#sentence")).to_contain_text("a 7")
    page.keyboard.press("Enter")

    settled(page, "a 7")
    row = Submission.objects.get()
    assert (row.predicted_digit, row.corrected_digit) == (Answer.SEVEN, Answer.SEVEN)
    assert len(row.strokes) == 1


def test_the_pen_is_seen_and_heard(page):
    go_to_the_paper(page)
    spoken, cursor = page.locator("#spoken"), page.locator("#cursor")
    before = cursor.bounding_box()
    walk(page, (1, "ArrowRight"), (1, "ArrowDown", "Shift"))
    after = cursor.bounding_box()
    side = page.locator("#canvas").bounding_box()["width"]
    assert after["x"] - before["x"] == pytest.approx(side * 7 / 280, abs=1)
    assert after["y"] - before["y"] == pytest.approx(side * 2 / 280, abs=1)
    page.keyboard.press("Space")
    expect(spoken).to_have_text("Pen down")
    page.keyboard.press("Space")
    expect(spoken).to_have_text("Pen up")


def test_the_pen_stays_on_the_paper(page):
    go_to_the_paper(page)
    walk(page, (30, "ArrowUp"), (30, "ArrowLeft"))
    page.keyboard.press("Space")
    walk(page, (50, "ArrowDown"))
    page.keyboard.press("Space")
    page.clock.fast_forward(2000)
    expect(page.locator("#notice")).to_contain_text("Stored")

    ((first, *_, last),) = Submission.objects.get().strokes
    assert (first[:2], last[:2]) == ([0, 0], [0, 280])


def test_leaving_the_paper_lifts_the_pen(page):
    go_to_the_paper(page)
    page.keyboard.press("Space")
    walk(page, (10, "ArrowDown"))
    page.keyboard.press("Tab")

    expect(page.locator("#undo")).to_be_enabled()


@pytest.mark.parametrize(("key", "answer"), [("9", "a 9"), ("0", "a 0"), ("n", "not a digit")])
def test_an_answer_by_key(drawn, key, answer):
    drawn.keyboard.press(key)

    settled(drawn, answer)


def test_undo_redo_and_clear_by_key(drawn, four):
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


def test_enter_on_a_button_is_the_buttons_own(drawn):
    drawn.get_by_role("button", name="9").focus()
    drawn.keyboard.press("Enter")

    settled(drawn, "a 9")


def test_the_list_of_keys(page):
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    expect(page.get_by_role("dialog")).to_contain_text("pen down, pen up")
    page.keyboard.press("Escape")

    expect(page.get_by_role("dialog")).to_be_hidden()


def test_who_speaks_to_the_browser_can_switch_them_off(drawn):
    drawn.keyboard.press("?")
    drawn.get_by_label("Use these keys").uncheck()
    drawn.get_by_role("button", name="Close").click()
    drawn.keyboard.press("9")
    drawn.keyboard.press("Escape")
    expect(drawn.locator("#digit")).to_have_text("4")
    expect(drawn.locator("#answers [aria-pressed=true]")).to_have_count(0)
    drawn.reload()

    expect(drawn.locator("#use-keys")).not_to_be_checked()


def test_a_screen_reader_is_told_the_answer_once(page, four):
    page.evaluate("""() => {
        window.said = [];
        const spoken = document.getElementById("spoken");
        new MutationObserver(() => said.push(spoken.textContent))
            .observe(spoken, { childList: true });
    }""")
    draw_by_mouse(page, four)
    expect(page.locator("#digit")).to_have_text("4")
    expect(page.locator("#verdict")).to_have_attribute("aria-busy", "false")
    page.clock.fast_forward(900)
    expect(page.locator("#spoken")).to_contain_text("I read a 4")

    assert len(page.evaluate("said")) <= 2  # what stood there before, and the answer
