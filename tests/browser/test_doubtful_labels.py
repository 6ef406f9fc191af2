"""Check doubtful labels by keyboard, by mouse, and without JavaScript."""

from playwright.sync_api import expect

from recognizer.models import Label, Submission
from tests.browser.review_page import decision
from tests.support.review_helpers import doubtful_labels

PATH = "/review/doubtful/"


def cards(page):
    return page.locator(".label-card")


def expect_results(page, *texts):
    for card, text in zip(cards(page).all(), texts, strict=True):
        expect(card.locator(".result")).to_have_text(text)


def test_one_key_per_decision(open_review, rosa):
    keep, relabel, no_digit, reject, last = doubtful_labels(5)
    page = open_review(PATH)
    for index, key in enumerate(["k", "7", "n", "x"]):
        expect(cards(page).nth(index)).to_be_focused()
        page.keyboard.press(key)
    expect(cards(page).nth(4)).to_be_focused()
    expect_results(
        page, "Label kept.", "Approved as 7.", "Approved as not a digit.", "Rejected.", ""
    )
    expect(page.get_by_role("status")).to_have_text("Label: 1. Rejected.")
    rows = (keep, relabel, no_digit, reject, last)
    assert [decision(row) for row in rows] == [
        ("approved", 1),
        ("approved", 7),
        ("approved", 10),
        ("rejected", None),
        ("approved", 1),
    ]
    assert (keep.label_confirmed, keep.reviewed_by, last.label_confirmed) == (True, rosa, False)


def test_arrow_keys_select_and_skipped_cards_come_last(open_review):
    doubtful_labels(3)
    page = open_review(PATH)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(cards(page).nth(2)).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("k")
    expect(cards(page).nth(2)).to_be_focused()
    page.keyboard.press("k")
    expect(cards(page).nth(0)).to_be_focused()
    page.keyboard.press("x")
    expect_results(page, "Rejected.", "Label kept.", "Label kept.")
    expect(page.locator("main")).to_be_focused()


def test_mouse_and_next_page(open_review, monkeypatch):
    monkeypatch.setattr("recognizer.review.doubtful_labels.PAGE_SIZE", 2)
    rows = doubtful_labels(3)
    page = open_review(PATH)
    cards(page).nth(0).get_by_role("button", name="Keep").click()
    cards(page).nth(1).get_by_role("button", name="4").click()
    expect_results(page, "Label kept.", "Approved as 4.")
    expect(page.get_by_role("link", name="Next drawings")).to_be_focused()
    page.keyboard.press("Enter")
    expect(cards(page)).to_have_count(1)
    cards(page).get_by_role("button", name="Reject").click()
    expect_results(page, "Rejected.")
    assert decision(rows[2]) == ("rejected", None)


def test_says_that_another_reviewer_was_first(open_review, django_user_model):
    (row,) = doubtful_labels()
    page = open_review(PATH)
    ada = django_user_model.objects.create_user("ada")
    Submission.objects.get(pk=row.pk).approve(ada, Label.TWO)
    page.keyboard.press("7")
    expect_results(page, "ada has already approved this drawing as 2.")
    assert decision(row) == ("approved", 2)


def test_unsaved_decision_can_be_repeated(open_review):
    (row,) = doubtful_labels()
    page = open_review(PATH)
    page.context.set_offline(True)
    page.keyboard.press("7")
    expect_results(page, "That did not work. Check your connection and try again.")
    page.context.set_offline(False)
    cards(page).get_by_role("button", name="7").click()
    expect_results(page, "Approved as 7.")
    assert decision(row) == ("approved", 7)


def test_expired_session_changes_nothing(open_review):
    (row,) = doubtful_labels()
    page = open_review(PATH)
    page.context.clear_cookies(name="sessionid")
    page.keyboard.press("x")
    expect_results(page, "You are logged out. Reload the page to log in.")
    assert decision(row) == ("approved", 1)


def test_shortcuts_obey_the_setting_of_the_queue(open_review):
    (row,) = doubtful_labels()
    page = open_review(PATH)
    page.keyboard.press("Control+x")
    page.get_by_label("Enable keyboard shortcuts").uncheck()
    page.reload()
    expect(page.get_by_label("Enable keyboard shortcuts")).not_to_be_checked()
    cards(page).focus()
    page.keyboard.press("x")
    expect_results(page, "")
    assert decision(row) == ("approved", 1)
    page.goto(page.url.replace("doubtful/", ""))
    expect(page.get_by_label("Enable keyboard shortcuts")).not_to_be_checked()


def test_works_without_javascript(open_review):
    keep, relabel = doubtful_labels(2)
    page = open_review(PATH, java_script_enabled=False)
    cards(page).nth(0).get_by_role("button", name="Keep").click()
    expect(page.get_by_text("Label kept.")).to_be_visible()
    cards(page).get_by_role("button", name="7").click()
    expect(page.get_by_text("Approved as 7.")).to_be_visible()
    expect(page.get_by_role("heading", name="No label looks wrong")).to_be_visible()
    assert (decision(keep), decision(relabel)) == (("approved", 1), ("approved", 7))
