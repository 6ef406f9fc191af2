"""What goes wrong at the desk loses no decision: the page says so, and tries again."""

import pytest
from browser.desk_page import drawings, fate, saved
from browser.hands import lose_the_answer
from django.contrib.sessions.models import Session
from playwright.sync_api import expect

from recognizer.models import Answer, Review, Submission

LOST = "No connection; trying again …"


def test_a_lost_connection_loses_nothing(open_desk):
    rows = drawings(4)
    page = open_desk()
    expect(page.locator("#card")).to_be_focused()
    page.wait_for_load_state("networkidle")
    page.context.set_offline(True)
    for key in ("1", "2", "u", "3", "x"):
        page.keyboard.press(key)
    expect(page.get_by_role("alert")).to_contain_text(LOST)
    expect(page.get_by_role("alert")).to_contain_text("3 decisions are not saved yet.")
    expect(page.locator("#last .unsaved")).to_have_count(3)
    assert not Submission.objects.exclude(review=Review.PENDING).exists()
    page.context.set_offline(False)

    saved(page, 3)
    expect(page.locator("#trouble")).to_be_hidden()
    assert [fate(row) for row in rows] == [
        ("approved", 1),
        ("approved", 3),
        ("rejected", None),
        ("pending", None),
    ]


def test_a_decision_that_arrived_but_was_not_heard_counts_once(open_desk):
    (row,) = drawings(1)
    page = open_desk()
    page.route("**/decide/", lose_the_answer, times=1)
    page.keyboard.press("2")
    expect(page.get_by_role("alert")).to_contain_text(LOST)
    assert fate(row) == ("approved", 2)
    page.clock.fast_forward(3000)
    saved(page, 1)
    expect(page.locator("#last")).to_have_text("Approved as 2.")


def test_what_arrived_but_was_not_heard_can_be_undone(open_desk):
    (row,) = drawings(1)
    page = open_desk()
    page.route("**/decide/", lose_the_answer, times=1)
    page.keyboard.press("2")
    expect(page.get_by_role("alert")).to_contain_text(LOST)
    page.keyboard.press("u")
    page.clock.fast_forward(3000)
    expect(page.locator("#trouble")).to_be_hidden()
    page.wait_for_load_state("networkidle")
    assert fate(row) == ("pending", None)


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_site_is_asked_again(open_desk, status):
    (row,) = drawings(1)
    page = open_desk()
    page.route("**/decide/", lambda route: route.fulfill(status=status), times=1)
    page.keyboard.press("2")
    expect(page.get_by_role("alert")).to_contain_text("The site is busy; trying again …")
    page.clock.fast_forward(3000)
    saved(page, 1)
    assert fate(row) == ("approved", 2)


def test_who_is_logged_out_logs_in_and_goes_on(open_desk):
    (row,) = drawings(1)
    page = open_desk()
    expect(page.locator("#card")).to_be_focused()
    page.wait_for_load_state("networkidle")
    Session.objects.all().delete()
    page.keyboard.press("2")
    expect(page.get_by_role("alert")).to_contain_text("You are logged out.")
    assert fate(row) == ("pending", None)
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Log in").click()
    login = opened.value
    login.fill("#id_username", "rosa")
    login.fill("#id_password", "a long password")
    login.click("[type=submit]")
    expect(login.locator("#card")).to_be_visible()
    page.clock.fast_forward(3000)
    saved(page, 1)
    assert fate(row) == ("approved", 2)


def test_who_comes_late_is_told_and_overwrites_nothing(open_desk, django_user_model):
    row, _ = drawings(2)
    page = open_desk()
    expect(page.locator("#card")).to_be_focused()
    ada = django_user_model.objects.create_user("ada")
    Submission.objects.get(pk=row.pk).approve(ada, Answer.ONE)
    page.keyboard.press("2")
    text = "ada has decided this one already: approved as 1."
    expect(page.locator("#last")).to_have_text(text)
    expect(page.get_by_role("status")).to_contain_text(text)
    assert fate(row) == ("approved", 1)
