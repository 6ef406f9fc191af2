"""The pages show what the visitor has taught the site, and let the visitor turn it off."""

import numpy as np
import pytest
from django.utils import timezone
from playwright.sync_api import expect

from recognizer.models import Label, Submission
from tests.browser.pointer import draw_and_wait
from tests.support.factories import approved_submissions
from tests.support.synthetic_digits import row_of, square_strokes

TAUGHT = "I read a 0. You taught me: it looks like these."


def teach_zero(page, seed, notice):
    """Draw a square, choose 0, and clear the canvas."""
    draw_and_wait(page, square_strokes(seed))
    page.get_by_role("button", name="0", exact=True).click()
    expect(page.locator("#notice")).to_contain_text(notice)
    page.get_by_role("button", name="Clear").click()


def own_drawings(page, place="#personal"):
    return page.locator(place).get_by_role("img", name="One of your drawings")


def expect_images(page, place, count):
    images = own_drawings(page, place)
    expect(images).to_have_count(count)
    loaded = "images => images.every((image) => image.naturalWidth > 0)"
    page.wait_for_function(loaded, arg=images.element_handles())


@pytest.fixture
def taught(page):
    """Return the page of a visitor who has labelled two squares as 0."""
    teach_zero(page, 1, "I’ll read that as a 0 for you")
    # The second one is already predicted as 0.
    teach_zero(page, 2, "Thank you. Saved as a 0.")
    return page


@pytest.fixture
def mine(taught):
    taught.get_by_role("link", name="My drawings").click()
    taught.wait_for_url("**/mine/")
    return taught


def back_to_drawing(page):
    page.get_by_role("link", name="Draw", exact=True).click()
    page.wait_for_url("**/")
    draw_and_wait(page, square_strokes(9))


def test_says_what_the_visitor_taught_and_shows_the_drawings(taught):
    draw_and_wait(taught, square_strokes(9))

    expect(taught.locator("#digit")).to_have_text("0")
    expect(taught.locator("#taught")).to_have_text(TAUGHT)
    expect_images(taught, "#personal", 2)
    taught.clock.fast_forward(1000)
    expect(taught.locator("#announcement")).to_contain_text(TAUGHT)


def test_shows_and_hides_the_networks_own_prediction(taught):
    draw_and_wait(taught, square_strokes(9))
    button = taught.get_by_text("The network’s own prediction")
    expect(taught.locator("#network-alone")).to_be_hidden()
    button.click()
    expect(taught.locator("#network-alone")).to_contain_text("This does not look like a digit")
    button.click()
    expect(taught.locator("#network-alone")).to_be_hidden()
    # Enter opens the text too, and does not confirm the prediction.
    button.press("Enter")
    expect(taught.locator("#network-alone")).to_be_visible()
    assert Submission.objects.count() == 2


def test_confirms_the_digit_that_the_memory_predicts(taught):
    draw_and_wait(taught, square_strokes(9))
    taught.get_by_role("button", name="Yes, it’s a 0").click()

    expect(taught.locator("#notice")).to_have_text(
        "Thank you. Saved as a 0. A reviewer will check it."
    )
    expect(taught.locator("#taught")).to_have_text(TAUGHT)
    row = Submission.objects.first()
    assert (row.predicted_digit, row.corrected_digit) == (Label.NOT_A_DIGIT, Label.ZERO)


def test_explanation_shows_the_same_drawings(taught):
    draw_and_wait(taught, square_strokes(9))
    taught.get_by_role("button", name="Why this prediction?").click()

    expect(taught.locator("#alike")).to_have_text(TAUGHT)
    expect_images(taught, "figure", 2)
    expect(taught.locator("#heatmap")).to_be_hidden()


def test_explanation_shows_drawings_that_support_the_network(page, four):
    draw_and_wait(page, four)
    page.get_by_role("button", name="Yes, it’s a 4").click()
    expect(page.locator("#notice")).to_contain_text("Saved as a 4")
    page.get_by_role("button", name="Clear").click()
    draw_and_wait(page, [[[x + 9, y] for x, y in four[0]], four[1]])
    expect(page.locator("#personal")).to_be_hidden()
    page.get_by_role("button", name="Why this prediction?").click()

    expect(page.locator("#alike")).to_have_text("It looks like these drawings of yours:")
    expect_images(page, "figure", 1)
    expect(page.locator("#explanation")).not_to_be_empty()
    expect(page.locator("#heatmap")).to_be_visible()


def test_drawings_of_another_visitor_are_not_shown(taught, open_page):
    page = open_page()
    draw_and_wait(page, square_strokes(9))

    expect(page.locator("#digit")).to_have_text("not a digit")
    expect(page.locator("#personal")).to_be_hidden()


def test_a_drawing_deleted_meanwhile_disappears(taught):
    taught.route("**/image/", lambda route: route.fulfill(status=404))
    draw_and_wait(taught, square_strokes(9))

    expect(own_drawings(taught)).to_have_count(0)
    expect(taught.locator("#digit")).to_have_text("0")
    expect(taught.locator("#taught")).to_be_hidden()
    expect(taught.get_by_text("The network’s own prediction")).to_be_visible()


def remember(row, label, count):
    """Store copies of a submission that its owner has corrected to this label."""
    pixels = np.frombuffer(row.pixels, np.uint8).reshape(28, 28)
    fields = {"image": row.image, "corrected_digit": label, "corrected_at": timezone.now()}
    approved_submissions(row.owner, [pixels] * count, [label] * count, **fields)


def test_a_drawing_does_not_look_like_itself(page):
    draw_and_wait(page, square_strokes(1))
    page.get_by_role("button", name="0", exact=True).click()
    expect(page.locator("#notice")).to_contain_text("I’ll read that as a 0 for you")
    # A new prediction, as for the explanation, would use the correction.
    page.get_by_role("button", name="Why this prediction?").click()
    expect(page.locator("#heatmap")).to_be_visible()

    expect(page.locator("#digit")).to_have_text("0")
    expect(page.locator("#personal")).to_be_hidden()
    expect(own_drawings(page)).to_have_count(0)
    expect(page.locator("#taught")).to_be_hidden()


def test_a_number_shows_the_drawings_of_the_selected_digit(page):
    draw_and_wait(page, row_of(4, 2))
    page.get_by_role("button", name="Yes, it’s 42").click()
    expect(page.locator("#notice")).to_contain_text("Saved as 42")
    remember(Submission.objects.get(predicted_digit=2), Label.NINE, count=20)
    page.get_by_role("button", name="Clear").click()
    draw_and_wait(page, row_of(4, 2, gap=70))
    expect(page.locator("#digit")).to_have_text("49")
    expect(page.locator("#personal")).to_be_hidden()
    page.get_by_role("button", name="Digit 2: a 9").click()

    expect(page.locator("#taught")).to_contain_text("I read a 9. You taught me")
    expect_images(page, "#personal", 3)
    expect(page.locator("#network-alone")).to_contain_text("a 2")


def test_my_drawings_shows_what_the_site_has_learned(mine):
    section = mine.get_by_role("region", name="What the site has learned from you")
    expect(section).to_contain_text("2 drawings that you confirmed or corrected")
    expect(section.get_by_role("listitem")).to_contain_text(["a 0"])
    assert section.get_by_role("listitem").locator("img").count() == 2


def test_switch_turns_the_memory_off_and_on(mine):
    switch = mine.get_by_role("switch", name="Use my drawings to improve my predictions")
    expect(switch).to_be_checked()
    switch.click()
    expect(switch).not_to_be_checked()
    back_to_drawing(mine)
    expect(mine.locator("#digit")).to_have_text("not a digit")
    expect(mine.locator("#personal")).to_be_hidden()
    mine.get_by_role("button", name="0", exact=True).click()
    expect(mine.locator("#notice")).to_contain_text("Thank you. Saved as a 0.")
    mine.get_by_role("link", name="My drawings").click()
    switch.click()
    expect(switch).to_be_checked()
    back_to_drawing(mine)
    expect(mine.locator("#digit")).to_have_text("0")


def test_switch_works_without_javascript(mine, browser, request):
    storage = mine.context.storage_state()
    context = browser.new_context(java_script_enabled=False, storage_state=storage)
    request.addfinalizer(context.close)
    page = context.new_page()
    page.goto(mine.url)
    page.get_by_role("switch").click()
    expect(page.get_by_role("switch")).not_to_be_checked()


def test_forget_asks_first_and_keeps_the_drawings(mine):
    forget = mine.locator("#forget button")
    forget.click()
    mine.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    assert Submission.objects.filter(remembered=True).count() == 2
    forget.click()
    mine.get_by_role("dialog").get_by_role("button", name="Forget").click()
    expect(mine.get_by_text("Nothing yet.")).to_be_visible()
    expect(mine.locator(".drawings li")).to_have_count(2)

    back_to_drawing(mine)
    expect(mine.locator("#digit")).to_have_text("not a digit")
