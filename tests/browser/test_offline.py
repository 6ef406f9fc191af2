"""The draw page keeps drawings without a connection: it shows an error and tries again."""

import numpy as np
import pytest
from playwright.sync_api import expect

from recognizer.models import Label, Submission
from tests.browser.pointer import draw_by_mouse, drop_response, expect_sentence
from tests.support.factories import png

OFFLINE = "No connection. Your drawing is kept. Trying again …"


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
    # Nobody knows whether the server has stored the drawing, so the page asks, and deletes it.
    with page.expect_response(is_deletion):
        page.context.set_offline(False)

    assert not Submission.objects.exists()


def test_saves_a_correction_when_the_connection_is_back(page, four):
    draw_by_mouse(page, four)
    expect_sentence(page).to_contain_text("This is a 4")
    page.context.set_offline(True)
    page.get_by_role("button", name="9").click()
    expect_sentence(page).to_have_text("No connection. Your correction is kept. Trying again …")
    page.context.set_offline(False)

    expect(page.locator("#notice")).to_contain_text("Saved as a 9")
    assert Submission.objects.get().corrected_digit == Label.NINE


def test_does_not_say_saved_while_a_correction_is_not(page, four):
    draw_by_mouse(page, four)
    page.clock.fast_forward(2000)
    expect(page.locator("#notice")).to_contain_text("Saved")
    page.context.set_offline(True)
    page.get_by_role("button", name="9").click()
    expect_sentence(page).to_have_text("No connection. Your correction is kept. Trying again …")
    expect(page.locator("#notice")).to_be_empty()


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


def is_deletion(response):
    return response.request.method == "DELETE"


def lose_response(page, strokes):
    """Draw, and lose the response to the request that stores the drawing."""
    page.route("**/numbers/", drop_response, times=1)
    draw_by_mouse(page, strokes)
    expect(page.locator("#digit")).not_to_be_empty()
    expect(page.locator("#prediction")).to_have_attribute("aria-busy", "false")
    page.clock.fast_forward(2000)
    expect_sentence(page).to_have_text(OFFLINE)


def test_clear_discards_a_drawing_whose_response_was_lost(page, four):
    lose_response(page, four)
    page.get_by_role("button", name="Clear").click()
    with page.expect_response(is_deletion):
        page.clock.fast_forward(3000)

    assert not Submission.objects.exists()


def test_stroke_replaces_a_drawing_whose_response_was_lost(page, four):
    lose_response(page, four[:1])
    draw_by_mouse(page, four[1:])
    expect(page.locator("#prediction")).to_have_attribute("aria-busy", "false")
    with page.expect_response(is_deletion):
        page.clock.fast_forward(3000)
    expect(page.locator("#notice")).to_contain_text("Saved")

    assert len(Submission.objects.get().strokes) == 2


def test_reload_keeps_a_correction_that_was_not_saved(page, four):
    draw_by_mouse(page, four)
    expect_sentence(page).to_contain_text("This is a 4")
    page.route("**/numbers/", lambda route: route.abort())
    page.get_by_role("button", name="9").click()
    expect_sentence(page).to_have_text("No connection. Your correction is kept. Trying again …")
    page.get_by_role("button", name="Next drawing").click()
    page.reload()
    page.wait_for_load_state("networkidle")
    page.unroute_all()
    with page.expect_response("**/correction/"):
        page.clock.fast_forward(3000)

    assert Submission.objects.get().corrected_digit == Label.NINE


def test_waits_longer_for_the_response_to_a_large_picture(page):
    held = []
    page.route("**/recognize/", lambda route: held.append(route))
    grey = np.random.default_rng(1).integers(150, 256, (700, 700)).astype(np.uint8)
    file = {"name": "noise.png", "mimeType": "image/png", "buffer": png(grey)}
    page.get_by_label("Upload").set_input_files(file)
    expect(page.locator("#prediction")).to_have_attribute("aria-busy", "true")
    page.wait_for_timeout(300)
    page.clock.fast_forward(20_000)
    page.wait_for_timeout(300)
    expect_sentence(page).not_to_contain_text("No connection")
    page.clock.fast_forward(300_000)

    expect_sentence(page).to_contain_text("No connection")
    assert held


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


def test_error_of_one_drawing_does_not_hold_up_the_next(page, four):
    def fail_for_first(route):
        is_first = len(route.request.post_data_json["strokes"]) == 2
        route.fulfill(status=500) if is_first else route.continue_()

    page.route("**/numbers/", fail_for_first)
    draw_by_mouse(page, four)
    page.get_by_role("button", name="9").click()
    expect_sentence(page).to_contain_text("The site is busy")
    draw_by_mouse(page, four[:1])
    page.clock.fast_forward(2000)

    expect(page.locator("#notice")).to_contain_text("Saved")
    assert len(Submission.objects.get().strokes) == 1


def test_deleting_a_drawing_keeps_the_unsaved_ones(page, four):
    draw_by_mouse(page, four[:1])
    page.get_by_role("button", name="1", exact=True).click()
    expect(page.get_by_text("Thanks.")).to_be_visible()
    page.route("**/numbers/", lambda route: route.abort())
    draw_by_mouse(page, four)
    page.get_by_role("button", name="9").click()
    expect_sentence(page).to_contain_text("No connection")
    page.get_by_role("button", name="Next drawing").click()
    page.get_by_role("link", name="My drawings").click()
    page.wait_for_url("**/mine/")  # also waits until its script has run
    page.get_by_role("button", name="Delete all").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("You have no drawings yet.")).to_be_visible()
    page.unroute_all()
    with page.expect_response("**/correction/"):
        page.get_by_role("main").get_by_role("link", name="Draw a digit").click()

    assert Submission.objects.get().corrected_digit == Label.NINE


def test_shows_the_error_message_of_the_server(page, four):
    body = {"code": "some_code", "detail": "The reason, in a sentence."}
    page.route("**/recognize/", lambda route: route.fulfill(status=400, json=body))
    draw_by_mouse(page, four)

    expect_sentence(page).to_have_text("The reason, in a sentence.")
