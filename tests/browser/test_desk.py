"""The desk by keyboard in a real browser: quick and forgiving."""

import time

import pytest
from browser.desk_page import drawings, fate, saved
from desk import submissions
from playwright.sync_api import expect

from recognizer.models import Answer, Review, Submission


def test_thirty_reviews_a_minute_by_keyboard_alone(open_desk, rosa):
    rows = drawings(45, corrected_digit=7)
    page = open_desk()
    expect(page.locator("#card")).to_be_focused()
    keys = ["Enter", "1", "n", "x", "Enter", "8"] * 5
    expected = [("approved", 7), ("approved", 1), ("approved", 10), ("rejected", None)]
    expected = [*expected, ("approved", 7), ("approved", 8)] * 5
    begun = time.monotonic()
    for key in keys:
        before = page.locator("#seen").get_attribute("src")
        page.keyboard.press(key)
        expect(page.locator("#seen")).not_to_have_attribute("src", before)
    saved(page, 8)
    assert time.monotonic() - begun < 60

    assert [fate(row) for row in rows[:30]] == expected
    assert all(fate(row) == ("pending", None) for row in rows[30:])
    assert Submission.objects.filter(reviewed_by=rosa).count() == 30
    expect(page.locator("#waiting")).to_contain_text("waiting")


def test_the_next_one_is_there_without_a_connection(open_desk):
    drawings(3)
    page = open_desk()
    expect(page.locator("#drawn img")).to_be_visible()
    page.wait_for_load_state("networkidle")
    page.context.set_offline(True)
    page.keyboard.press("Enter")
    expect(page.locator("#drawn img")).to_be_visible()
    assert page.locator("#drawn img").evaluate("(image) => image.naturalWidth") == 280


def test_results_are_announced(open_desk):
    drawings(1, corrected_digit=1)
    drawings(1)
    page = open_desk()
    page.keyboard.press("5")
    expect(page.get_by_role("status")).to_have_text(
        "Approved as 5. The network says 7 (20 % sure), the visitor nothing."
    )
    expect(page.locator("#card")).to_be_focused()
    page.keyboard.press("x")
    expect(page.get_by_role("status")).to_contain_text("Rejected.")
    expect(page.get_by_text("New drawings appear here by themselves.")).to_be_visible()


def test_undo_several(open_desk):
    first, second, _ = rows = drawings(3)
    page = open_desk()
    for key in ("3", "x", "s"):
        page.keyboard.press(key)
    saved(page, 3)
    assert [fate(row) for row in rows] == [("approved", 3), ("rejected", None), ("pending", None)]
    for _ in rows:
        page.keyboard.press("u")
    saved(page, 0)
    page.wait_for_load_state("networkidle")
    assert [fate(row) for row in rows] == [("pending", None)] * 3
    page.keyboard.press("u")
    expect(page.get_by_role("status")).to_contain_text("There is nothing to take back.")
    page.keyboard.press("4")
    page.keyboard.press("6")
    saved(page, 2)
    assert (fate(first), fate(second)) == (("approved", 4), ("approved", 6))


def test_new_work_appears_by_itself(open_desk):
    page = open_desk()
    expect(page.get_by_role("heading", name="Nothing to review")).to_be_visible()
    drawings(1)
    page.clock.fast_forward(30_000)
    expect(page.locator("#card")).to_be_focused()


def test_the_skipped_ones_can_be_looked_at_now(open_desk):
    (row,) = drawings(1)
    page = open_desk()
    page.keyboard.press("s")
    page.get_by_role("button", name="Look at the skipped ones now").click()
    expect(page.locator("#card")).to_be_focused()
    page.keyboard.press("9")
    saved(page, 2)
    assert fate(row) == ("approved", 9)


def test_the_skipped_ones_are_shown_also_when_the_desk_was_just_asking(open_desk):
    drawings(1)
    page = open_desk()
    page.keyboard.press("s")
    expect(page.get_by_role("button", name="Look at the skipped ones now")).to_be_visible()
    page.wait_for_load_state("networkidle")
    held = []
    page.route("**/take/", lambda route: route.continue_() if held else held.append(route))
    page.evaluate("dispatchEvent(new Event('online'))")
    page.get_by_role("button", name="Look at the skipped ones now").click()
    while not held:
        page.wait_for_timeout(20)
    held[0].continue_()

    expect(page.locator("#card")).to_be_focused()


def test_one_key_decisions_can_be_turned_off(open_desk):
    (row,) = drawings(1)
    page = open_desk()
    page.get_by_label("One key decides").uncheck()
    page.locator("#card").focus()
    page.keyboard.press("x")
    page.keyboard.press("Enter")
    page.reload()
    expect(page.get_by_label("One key decides")).not_to_be_checked()
    assert fate(row) == ("pending", None)
    page.get_by_role("button", name="Reject").click()
    saved(page, 1)
    assert fate(row) == ("rejected", None)


def test_enter_after_a_click_does_not_repeat_it(open_desk):
    clicked, entered = drawings(2)
    page = open_desk()
    page.get_by_role("button", name="Reject").click()
    page.keyboard.press("Enter")
    saved(page, 2)
    assert (fate(clicked), fate(entered)) == (("rejected", None), ("approved", 7))


def test_keys_with_a_modifier_are_the_browsers(open_desk):
    (row,) = drawings(1)
    page = open_desk()
    expect(page.locator("#card")).to_be_focused()
    for key in ("Control+x", "Alt+s", "Meta+u"):
        page.keyboard.press(key)
    expect(page.locator("#last li")).to_have_count(0)
    assert fate(row) == ("pending", None)


def test_a_grid_by_keyboard(open_desk):
    rows = submissions(30)
    page = open_desk("/desk/grid/7/")
    boxes = page.get_by_role("checkbox")
    boxes.first.focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowDown", "ArrowUp", "ArrowLeft", "Space"):
        page.keyboard.press(key)
    expect(boxes.nth(1)).to_be_checked()
    expect(page.get_by_text("1 ticked, 29 to approve")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_text("29 approved as 7. 1 come first in the queue.")).to_be_visible()
    assert Submission.objects.filter(review=Review.APPROVED, label=7).count() == 29
    page.get_by_role("button", name="Take the last grid back").click()
    expect(page.get_by_text("29 taken back.")).to_be_visible()
    assert set(Submission.objects.pending()) == set(rows)


def test_the_overview_counts_what_would_be_learned(open_desk, rosa):
    for row in drawings(2):
        row.approve(rosa, Answer.SEVEN)
    page = open_desk("/desk/overview/")
    expect(page.locator("#next-training dd").first).to_have_text("2")


@pytest.mark.parametrize("path", ["", "grid/7/", "overview/", "quality/"])
def test_narrow_pages_reflow_and_targets_are_large_enough(open_desk, rosa, path):
    for row in drawings(3, corrected_digit=1):
        row.reject(rosa)
    drawings(3, found_odd=True, latest_digit=10)
    page = open_desk(f"/desk/{path}", viewport={"width": 320, "height": 640})
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    for target in page.locator("header a, button:visible, summary, label:has(input)").all():
        box = target.bounding_box()
        assert min(box["width"], box["height"]) >= 24, target.inner_text()
