"""Without a connection nothing is lost: the page says so, and tries again."""

import pytest
from browser.hands import draw_by_mouse, lose_the_answer
from playwright.sync_api import expect

from recognizer.models import Answer, Submission

LOST = "No connection. Your drawing is kept; trying again …"


def sentence(page):
    return expect(page.locator("#sentence"))


def test_it_reads_when_the_connection_is_back(page, four):
    page.route("**/api/**", lambda route: route.abort())
    draw_by_mouse(page, four)
    sentence(page).to_have_text(LOST)
    expect(page.locator("#yes")).to_be_disabled()
    page.unroute_all()
    page.clock.fast_forward(3000)

    sentence(page).to_contain_text("I read a 4")


def test_it_stores_when_the_connection_is_back(page, four):
    draw_by_mouse(page, four)
    sentence(page).to_contain_text("I read a 4")
    page.context.set_offline(True)
    page.clock.fast_forward(2000)
    sentence(page).to_have_text(LOST)
    assert not Submission.objects.exists()
    page.context.set_offline(False)  # the browser says so, and the page does not wait

    expect(page.locator("#notice")).to_contain_text("Stored")
    sentence(page).to_contain_text("I read a 4")
    assert len(Submission.objects.get().strokes) == 2


def test_clear_forgets_the_trouble_too(page, four):
    page.context.set_offline(True)
    draw_by_mouse(page, four)
    page.clock.fast_forward(2000)
    sentence(page).to_have_text(LOST)
    page.get_by_role("button", name="Clear").click()
    sentence(page).to_contain_text("Draw one digit")
    page.context.set_offline(False)
    page.clock.fast_forward(3000)
    page.wait_for_timeout(200)

    assert not Submission.objects.exists()


def test_an_answer_is_sent_when_the_connection_is_back(page, four):
    draw_by_mouse(page, four)
    sentence(page).to_contain_text("I read a 4")
    page.context.set_offline(True)
    page.get_by_role("button", name="9").click()
    sentence(page).to_have_text("No connection. Your answer is kept; trying again …")
    page.context.set_offline(False)

    expect(page.locator("#notice")).to_contain_text("Stored as a 9")
    assert Submission.objects.get().corrected_digit == Answer.NINE


def test_an_answer_that_arrived_but_was_not_heard_is_stored_once(page, four):
    page.route("**/numbers/", lose_the_answer, times=1)
    draw_by_mouse(page, four)
    sentence(page).to_contain_text("I read a 4")  # or its arrival would end the trouble
    page.clock.fast_forward(2000)
    sentence(page).to_have_text(LOST)
    page.clock.fast_forward(3000)

    expect(page.locator("#notice")).to_contain_text("Stored")
    assert Submission.objects.count() == 1


def test_the_next_drawing_can_begin_meanwhile(page, four):
    draw_by_mouse(page, four)
    sentence(page).to_contain_text("I read a 4")
    page.context.set_offline(True)
    page.get_by_role("button", name="9").click()
    sentence(page).to_contain_text("No connection")
    draw_by_mouse(page, four[:1])
    page.clock.fast_forward(2000)
    page.context.set_offline(False)

    expect(page.locator("#notice")).to_contain_text("Stored")
    page.wait_for_load_state("networkidle")
    corrected = set(Submission.objects.values_list("corrected_digit", flat=True))
    assert corrected == {Answer.NINE, None}


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_site_is_asked_again_when_it_says(page, four, status):
    busy = {"status": status, "headers": {"Retry-After": "20"}, "json": {"detail": "Not now."}}
    asked = []
    page.route("**/recognize/", lambda route: (asked.append(1), route.fulfill(**busy)))
    draw_by_mouse(page, four)
    sentence(page).to_have_text("The site is busy. Your drawing is kept; trying again …")
    expect(page.locator("#verdict")).to_have_attribute("aria-busy", "false")
    times = len(asked)
    page.clock.fast_forward(1900)
    assert len(asked) == times
    page.unroute_all()
    page.clock.fast_forward(19_000)

    sentence(page).to_contain_text("I read a 4")


def test_a_refusal_is_shown_in_its_own_words(page, four):
    body = {"code": "some_code", "detail": "The reason, in a sentence."}
    page.route("**/recognize/", lambda route: route.fulfill(status=400, json=body))
    draw_by_mouse(page, four)

    sentence(page).to_have_text("The reason, in a sentence.")
