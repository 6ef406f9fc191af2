"""The draw page keeps drawings without a connection: it shows an error and tries again."""

import pytest
from playwright.sync_api import expect

from recognizer.models import Label, Submission
from tests.browser.pointer import draw_by_mouse, drop_response

OFFLINE = "No connection. Your drawing is kept. Trying again …"


def expect_sentence(page):
    return expect(page.locator("#sentence"))


def test_predicts_when_the_connection_is_back(page, four):
    page.route("**/api/**", lambda route: route.abort())
    draw_by_mouse(page, four)
    expect_sentence(page).to_have_text(OFFLINE)
    expect(page.locator("#confirm")).to_be_disabled()
    page.unroute_all()
    page.clock.fast_forward(3000)

    expect_sentence(page).to_contain_text("This is a 4")


def test_stores_when_the_connection_is_back(page, four):
    draw_by_mouse(page, four)
    expect_sentence(page).to_contain_text("This is a 4")
    page.context.set_offline(True)
    page.clock.fast_forward(2000)
    expect_sentence(page).to_have_text(OFFLINE)
    assert not Submission.objects.exists()
    page.context.set_offline(False)  # the browser fires an event, so the page does not wait

    expect(page.locator("#notice")).to_contain_text("Saved")
    expect_sentence(page).to_contain_text("This is a 4")
    assert len(Submission.objects.get().strokes) == 2


def test_clear_removes_the_error(page, four):
    page.context.set_offline(True)
    draw_by_mouse(page, four)
    page.clock.fast_forward(2000)
    expect_sentence(page).to_have_text(OFFLINE)
    page.get_by_role("button", name="Clear").click()
    expect_sentence(page).to_contain_text("Draw one digit")
    page.context.set_offline(False)
    page.clock.fast_forward(3000)
    page.wait_for_timeout(200)

    assert not Submission.objects.exists()


def test_saves_a_correction_when_the_connection_is_back(page, four):
    draw_by_mouse(page, four)
    expect_sentence(page).to_contain_text("This is a 4")
    page.context.set_offline(True)
    page.get_by_role("button", name="9").click()
    expect_sentence(page).to_have_text("No connection. Your correction is kept. Trying again …")
    page.context.set_offline(False)

    expect(page.locator("#notice")).to_contain_text("I’ll read that as a 9")
    assert Submission.objects.get().corrected_digit == Label.NINE


def test_stores_once_when_the_response_is_lost(page, four):
    page.route("**/numbers/", drop_response, times=1)
    draw_by_mouse(page, four)
    # Wait for the last prediction, because it would remove the error.
    expect_sentence(page).to_contain_text("This is a 4")
    page.clock.fast_forward(2000)
    expect_sentence(page).to_have_text(OFFLINE)
    page.clock.fast_forward(3000)

    expect(page.locator("#notice")).to_contain_text("Saved")
    assert Submission.objects.count() == 1


def test_next_drawing_can_start_while_offline(page, four):
    draw_by_mouse(page, four)
    expect_sentence(page).to_contain_text("This is a 4")
    page.context.set_offline(True)
    page.get_by_role("button", name="9").click()
    expect_sentence(page).to_contain_text("No connection")
    draw_by_mouse(page, four[:1])
    page.clock.fast_forward(2000)
    page.context.set_offline(False)

    expect(page.locator("#notice")).to_contain_text("Saved")
    page.wait_for_load_state("networkidle")
    corrected = set(Submission.objects.values_list("corrected_digit", flat=True))
    assert corrected == {Label.NINE, None}


@pytest.mark.parametrize("status", [429, 503])
def test_retries_a_busy_site_after_retry_after(page, four, status):
    busy = {"status": status, "headers": {"Retry-After": "20"}, "json": {"detail": "Not now."}}
    requests = []
    page.route("**/recognize/", lambda route: (requests.append(1), route.fulfill(**busy)))
    draw_by_mouse(page, four)
    expect_sentence(page).to_have_text("The site is busy. Your drawing is kept. Trying again …")
    expect(page.locator("#prediction")).to_have_attribute("aria-busy", "false")
    count = len(requests)
    page.clock.fast_forward(1900)
    assert len(requests) == count
    page.unroute_all()
    page.clock.fast_forward(19_000)

    expect_sentence(page).to_contain_text("This is a 4")


def test_shows_the_error_message_of_the_server(page, four):
    body = {"code": "some_code", "detail": "The reason, in a sentence."}
    page.route("**/recognize/", lambda route: route.fulfill(status=400, json=body))
    draw_by_mouse(page, four)

    expect_sentence(page).to_have_text("The reason, in a sentence.")
