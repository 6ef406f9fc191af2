"""Review drawings by keyboard in the queue and in bulk."""

import time

import pytest
from playwright.sync_api import expect

from recognizer.models import BlindReview, Label, Review, Submission
from tests.browser.review_page import decision, drawings, expect_saved
from tests.support.factories import drawing_png
from tests.support.review_helpers import doubtful_labels, submissions


def test_thirty_reviews_a_minute_by_keyboard_alone(open_review, rosa):
    rows = drawings(45, corrected_digit=7)
    page = open_review()
    expect(page.locator("#card")).to_be_focused()
    keys = ["Enter", "1", "n", "x", "Enter", "8"] * 5
    expected = [("approved", 7), ("approved", 1), ("approved", 10), ("rejected", None)]
    expected = [*expected, ("approved", 7), ("approved", 8)] * 5
    started = time.monotonic()
    for key in keys:
        before = page.locator("#model-input").get_attribute("src")
        page.keyboard.press(key)
        expect(page.locator("#model-input")).not_to_have_attribute("src", before)
    expect_saved(page, 8)
    assert time.monotonic() - started < 60

    assert [decision(row) for row in rows[:30]] == expected
    assert all(decision(row) == ("pending", None) for row in rows[30:])
    assert Submission.objects.filter(reviewed_by=rosa).count() == 30
    expect(page.locator("#waiting")).to_have_text("Waiting for review: 15")


def test_count_from_before_a_decision_is_not_shown(open_review):
    """The server counts before it saves the decision, and its response arrives afterwards."""
    drawings(5)
    page = open_review()
    expect(page.locator("#waiting")).to_have_text("Waiting for review: 5")
    claims, held = [], []
    page.route("**/review/decide/", lambda route: held.append(route))
    page.route("**/review/claim/", lambda route: claims.append((route, route.fetch())))
    page.keyboard.press("Enter")
    page.wait_for_timeout(500)
    held.pop().continue_()
    expect_saved(page, 1)
    for route, response in claims:
        route.fulfill(response=response)
    page.wait_for_timeout(300)

    expect(page.locator("#waiting")).to_have_text("Waiting for review: 4")


def test_enter_does_not_approve_where_visitor_and_network_disagree(open_review):
    """The reviewer presses Enter in a rhythm, but must choose one of the two labels."""
    doubtful = submissions(1, image=drawing_png(), corrected_digit=1, confidence=0.97)[0]
    (other,) = drawings(1)
    page = open_review()
    expect(page.get_by_role("button", name="1 – the visitor")).to_be_visible()
    expect(page.get_by_role("button", name="Accept")).to_be_hidden()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(page.locator("#waiting")).to_have_text("Waiting for review: 2")
    page.get_by_role("button", name="7 – the network").click()
    expect(page.locator("#waiting")).to_have_text("Waiting for review: 1")
    expect(page.get_by_role("button", name="the network")).to_be_hidden()
    page.keyboard.press("Enter")
    expect(page.locator("#waiting")).to_have_text("Waiting for review: 0")
    page.keyboard.press("u")
    expect(page.locator("#waiting")).to_have_text("Waiting for review: 1")
    page.wait_for_load_state("networkidle")
    page.reload()
    expect(page.locator("#waiting")).to_have_text("Waiting for review: 1")
    assert (decision(doubtful), decision(other)) == (("approved", 7), ("pending", None))


def test_next_drawing_is_preloaded(open_review):
    drawings(3)
    page = open_review()
    expect(page.locator("#drawing img")).to_be_visible()
    page.wait_for_load_state("networkidle")
    page.context.set_offline(True)
    page.keyboard.press("Enter")
    expect(page.locator("#drawing img")).to_be_visible()
    assert page.locator("#drawing img").evaluate("(image) => image.naturalWidth") == 280


def test_announces_each_decision_and_the_next_drawing(open_review):
    drawings(1, corrected_digit=1)
    drawings(1)
    page = open_review()
    page.keyboard.press("5")
    expect(page.get_by_role("status")).to_have_text(
        "Approved as 5. Prediction: 7 (20% sure). No correction."
    )
    expect(page.locator("#card")).to_be_focused()
    page.keyboard.press("x")
    expect(page.get_by_role("status")).to_contain_text("Rejected.")
    expect(page.get_by_text("New drawings appear here automatically.")).to_be_visible()


def test_undoes_several_decisions(open_review):
    first, second, _ = rows = drawings(3)
    page = open_review()
    for key in ("3", "x", "s"):
        page.keyboard.press(key)
    expect_saved(page, 3)
    assert [decision(row) for row in rows] == [
        ("approved", 3),
        ("rejected", None),
        ("pending", None),
    ]
    for _ in rows:
        page.keyboard.press("u")
    expect_saved(page, 0)
    page.wait_for_load_state("networkidle")
    assert [decision(row) for row in rows] == [("pending", None)] * 3
    page.keyboard.press("u")
    expect(page.get_by_role("status")).to_contain_text("There is nothing to undo.")
    page.keyboard.press("4")
    page.keyboard.press("6")
    expect_saved(page, 2)
    assert (decision(first), decision(second)) == (("approved", 4), ("approved", 6))


def test_new_drawings_appear_without_a_reload(open_review):
    page = open_review()
    expect(page.get_by_role("heading", name="Nothing to review")).to_be_visible()
    drawings(1)
    page.clock.fast_forward(30_000)
    expect(page.locator("#card")).to_be_focused()


def test_shows_decided_drawing_that_is_reopened(open_review):
    (row,) = drawings(1)
    page = open_review()
    page.keyboard.press("3")
    expect(page.get_by_role("heading", name="Nothing to review")).to_be_visible()
    expect_saved(page, 1)
    row.refresh_from_db()
    row.reopen()
    page.clock.fast_forward(30_000)
    expect(page.locator("#card")).to_be_focused()
    page.keyboard.press("5")
    expect_saved(page, 2)
    assert decision(row) == ("approved", 5)
    page.keyboard.press("u")
    page.keyboard.press("u")
    expect_saved(page, 0)
    page.keyboard.press("6")
    expect_saved(page, 1)
    assert decision(row) == ("approved", 6)
    expect(page.get_by_role("heading", name="Nothing to review")).to_be_visible()


def test_hides_drawing_that_was_decided_after_the_claim(open_review):
    """The response to the claim contains a drawing that the reviewer decides meanwhile."""
    rows = drawings(2)
    page = open_review()
    page.wait_for_load_state("networkidle")
    held = []
    page.route("**/claim/", lambda route: held.append((route, route.fetch())), times=1)
    page.keyboard.press("s")
    while not held:
        page.wait_for_timeout(20)
    page.keyboard.press("4")
    expect_saved(page, 2)
    route, response = held[0]
    route.fulfill(response=response)
    expect(page.get_by_role("heading", name="Nothing to review")).to_be_visible()
    assert [decision(row) for row in rows] == [("pending", None), ("approved", 4)]


def test_skipped_blind_review_is_hidden_for_an_hour(open_review, rosa, django_user_model):
    reviewed, _ = drawings(2)
    reviewed.approve(django_user_model.objects.create_user("ada"), Label.SEVEN)
    blind_review = BlindReview.objects.create(submission=reviewed, reviewer=rosa)
    page = open_review()
    for _ in range(2):  # The two cards are in a random order.
        page.keyboard.press("s")
    page.wait_for_load_state("networkidle")
    drawings(1)
    page.clock.fast_forward(30_000)
    expect(page.locator("#card")).to_be_focused()
    page.keyboard.press("s")
    page.wait_for_load_state("networkidle")
    expect(page.locator("#card")).to_be_hidden()
    drawings(1)
    page.clock.fast_forward(3_600_000)
    while blind_review.label is None:  # Other cards may come first.
        expect(page.locator("#card")).to_be_focused()
        page.keyboard.press("5")
        expect(page.locator("#recent-decisions .unsaved")).to_have_count(0)
        blind_review.refresh_from_db()
    assert blind_review.label == 5


def test_shows_snoozed_drawings_on_request(open_review):
    (row,) = drawings(1)
    page = open_review()
    page.keyboard.press("s")
    page.get_by_role("button", name="Show snoozed drawings").click()
    expect(page.locator("#card")).to_be_focused()
    page.keyboard.press("9")
    expect_saved(page, 2)
    assert decision(row) == ("approved", 9)


def test_shows_snoozed_drawings_while_another_claim_is_running(open_review):
    drawings(1)
    page = open_review()
    page.keyboard.press("s")
    expect(page.get_by_role("button", name="Show snoozed drawings")).to_be_visible()
    page.wait_for_load_state("networkidle")
    held = []
    page.route("**/claim/", lambda route: route.continue_() if held else held.append(route))
    page.evaluate("dispatchEvent(new Event('online'))")
    page.get_by_role("button", name="Show snoozed drawings").click()
    while not held:
        page.wait_for_timeout(20)
    held[0].continue_()

    expect(page.locator("#card")).to_be_focused()


def test_keyboard_shortcuts_can_be_disabled(open_review):
    (row,) = drawings(1)
    page = open_review()
    page.get_by_label("Enable keyboard shortcuts").uncheck()
    page.locator("#card").focus()
    page.keyboard.press("x")
    page.keyboard.press("Enter")
    page.reload()
    expect(page.get_by_label("Enable keyboard shortcuts")).not_to_be_checked()
    assert decision(row) == ("pending", None)
    page.get_by_role("button", name="Reject").click()
    expect_saved(page, 1)
    assert decision(row) == ("rejected", None)


def test_enter_after_a_click_does_not_repeat_it(open_review):
    clicked, entered = drawings(2)
    page = open_review()
    page.get_by_role("button", name="Reject").click()
    page.keyboard.press("Enter")
    expect_saved(page, 2)
    assert (decision(clicked), decision(entered)) == (("rejected", None), ("approved", 7))


def test_ignores_keys_with_a_modifier(open_review):
    (row,) = drawings(1)
    page = open_review()
    expect(page.locator("#card")).to_be_focused()
    for key in ("Control+x", "Alt+s", "Meta+u"):
        page.keyboard.press(key)
    expect(page.locator("#recent-decisions li")).to_have_count(0)
    assert decision(row) == ("pending", None)


def test_bulk_review_by_keyboard(open_review):
    rows = submissions(30)
    page = open_review("/review/bulk/7/")
    boxes = page.get_by_role("checkbox")
    boxes.first.focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowDown", "ArrowUp", "ArrowLeft", "Space"):
        page.keyboard.press(key)
    expect(boxes.nth(1)).to_be_checked()
    expect(page.get_by_text("1 selected, 29 to approve")).to_be_visible()
    page.keyboard.press("Enter")
    expect(
        page.get_by_text("29 approved as 7. 1 flagged and moved to the front of the queue.")
    ).to_be_visible()
    assert Submission.objects.filter(review=Review.APPROVED, label=7).count() == 29
    page.get_by_role("button", name="Undo the last bulk review").click()
    expect(page.get_by_text("29 reviews undone.")).to_be_visible()
    assert set(Submission.objects.pending()) == set(rows)


def test_dashboard_counts_the_next_training_run(open_review, rosa):
    for row in drawings(2):
        row.approve(rosa, Label.SEVEN)
    page = open_review("/review/dashboard/")
    expect(page.locator("#next-training dd").first).to_have_text("2")


@pytest.mark.parametrize("path", ["", "bulk/7/", "doubtful/", "dashboard/", "agreement/"])
def test_pages_fit_320_pixels_and_targets_are_large_enough(open_review, rosa, path):
    for row in drawings(3, corrected_digit=1):
        row.reject(rosa)
    drawings(3, flagged=True, live_prediction=10)
    doubtful_labels(3)
    page = open_review(f"/review/{path}", viewport={"width": 320, "height": 640})
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    for target in page.locator("header a, button:visible, summary, label:has(input)").all():
        box = target.bounding_box()
        assert min(box["width"], box["height"]) >= 24, target.inner_text()
