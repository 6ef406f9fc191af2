"""The review queue loses no decision: it shows an error and tries again."""

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import expect

from recognizer.models import Label, Review, Submission
from tests.browser.pointer import drop_response
from tests.browser.review_page import decision, drawings, expect_saved

OFFLINE = "No connection. Trying again …"


def test_saves_all_decisions_when_the_connection_is_back(open_review):
    rows = drawings(4)
    page = open_review()
    expect(page.locator("#card")).to_be_focused()
    page.wait_for_load_state("networkidle")
    page.context.set_offline(True)
    for key in ("1", "2", "u", "3", "x"):
        page.keyboard.press(key)
    expect(page.get_by_role("alert")).to_contain_text(OFFLINE)
    expect(page.get_by_role("alert")).to_contain_text("not saved yet: 3.")
    expect(page.locator("#recent-decisions .unsaved")).to_have_count(3)
    assert not Submission.objects.exclude(review=Review.PENDING).exists()
    page.context.set_offline(False)

    expect_saved(page, 3)
    expect(page.locator("#error")).to_be_hidden()
    assert [decision(row) for row in rows] == [
        ("approved", 1),
        ("approved", 3),
        ("rejected", None),
        ("pending", None),
    ]


def test_decides_once_when_the_response_is_lost(open_review):
    (row,) = drawings(1)
    page = open_review()
    page.route("**/decide/", drop_response, times=1)
    page.keyboard.press("2")
    expect(page.get_by_role("alert")).to_contain_text(OFFLINE)
    assert decision(row) == ("approved", 2)
    page.clock.fast_forward(3000)
    expect_saved(page, 1)
    expect(page.locator("#recent-decisions")).to_have_text("Approved as 2.")


def test_undoes_a_decision_whose_response_was_lost(open_review):
    (row,) = drawings(1)
    page = open_review()
    page.route("**/decide/", drop_response, times=1)
    page.keyboard.press("2")
    expect(page.get_by_role("alert")).to_contain_text(OFFLINE)
    page.keyboard.press("u")
    page.clock.fast_forward(3000)
    expect(page.locator("#error")).to_be_hidden()
    page.wait_for_load_state("networkidle")
    assert decision(row) == ("pending", None)


@pytest.mark.parametrize("status", [429, 503])
def test_retries_a_busy_site(open_review, status):
    (row,) = drawings(1)
    page = open_review()
    page.route("**/decide/", lambda route: route.fulfill(status=status), times=1)
    page.keyboard.press("2")
    expect(page.get_by_role("alert")).to_contain_text("The site is busy. Trying again …")
    page.clock.fast_forward(3000)
    expect_saved(page, 1)
    assert decision(row) == ("approved", 2)


def test_saves_the_decision_after_a_new_login(open_review):
    (row,) = drawings(1)
    page = open_review()
    expect(page.locator("#card")).to_be_focused()
    page.wait_for_load_state("networkidle")
    Session.objects.all().delete()
    page.keyboard.press("2")
    expect(page.get_by_role("alert")).to_contain_text("You are logged out.")
    assert decision(row) == ("pending", None)
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Log in").click()
    login = opened.value
    login.fill("#id_username", "rosa")
    login.fill("#id_password", "a long password")
    login.click("[type=submit]")
    expect(login.locator("#card")).to_be_visible()
    page.clock.fast_forward(3000)
    expect_saved(page, 1)
    assert decision(row) == ("approved", 2)


def test_late_decision_shows_and_keeps_the_earlier_one(open_review, django_user_model):
    row, _ = drawings(2)
    page = open_review()
    expect(page.locator("#card")).to_be_focused()
    ada = django_user_model.objects.create_user("ada")
    Submission.objects.get(pk=row.pk).approve(ada, Label.ONE)
    page.keyboard.press("2")
    text = "ada has already approved this drawing as 1."
    expect(page.locator("#recent-decisions")).to_have_text(text)
    expect(page.get_by_role("status")).to_contain_text(text)
    assert decision(row) == ("approved", 1)


def test_undo_skips_refused_decisions(open_review, rosa):
    first, second, _ = drawings(3)
    page = open_review()
    expect(page.locator("#card")).to_be_focused()
    page.keyboard.press("4")
    expect_saved(page, 1)
    # In another tab, the same reviewer approves the next drawing.
    Submission.objects.get(pk=second.pk).approve(rosa, Label.THREE)
    page.keyboard.press("5")
    expect_saved(page, 2)
    refusal = page.get_by_text("rosa has already approved this drawing as 3.")
    expect(page.locator("#recent-decisions").filter(has=refusal)).to_be_visible()
    page.keyboard.press("u")
    expect_saved(page, 1)
    page.wait_for_load_state("networkidle")
    assert (decision(first), decision(second)) == (("pending", None), ("approved", 3))
    page.keyboard.press("u")
    expect(page.get_by_role("status")).to_contain_text("There is nothing to undo.")
    expect(page.get_by_role("button", name="Undo")).to_be_disabled()


def test_undo_keeps_a_decision_that_was_changed_on_another_page(open_review, rosa):
    (row,) = drawings(1)
    page = open_review()
    expect(page.locator("#card")).to_be_focused()
    page.keyboard.press("1")
    expect_saved(page, 1)
    Submission.objects.get(pk=row.pk).approve(rosa, Label.SEVEN)
    page.keyboard.press("u")
    text = "You have made another decision on this drawing. That decision is kept."
    expect(page.locator("#recent-decisions")).to_have_text(text)
    expect(page.get_by_role("status")).to_contain_text(text)
    assert decision(row) == ("approved", 7)
