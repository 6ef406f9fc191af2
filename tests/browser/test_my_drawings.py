"""The page with the visitor's drawings: review status, replay and deletion."""

import pytest
from playwright.sync_api import expect

from recognizer.models import Label, Submission
from recognizer.serving import model_registry
from tests.browser.pointer import INK, draw_by_mouse
from tests.support.factories import learn


def draw_and_correct(page, strokes, digit):
    draw_by_mouse(page, strokes)
    page.get_by_role("button", name=digit, exact=True).click()
    expect(page.get_by_text("Thanks.")).to_be_visible()


@pytest.fixture
def mine(page, four):
    """Return the page of a visitor with two drawings: a 4 corrected to a 9, and half a 4."""
    draw_and_correct(page, four, "9")
    draw_and_correct(page, four[:1], "1")
    page.get_by_role("link", name="My drawings").click()
    page.wait_for_url("**/mine/")  # also waits until its script has run
    return page


def cards(page):
    return page.locator(".drawings li")


def test_links_to_the_drawing_page_when_there_are_no_drawings(page):
    page.get_by_role("link", name="My drawings").click()
    expect(page.get_by_text("You have no drawings yet.")).to_be_visible()
    page.get_by_role("main").get_by_role("link", name="Draw a digit").click()

    expect(page.locator("#canvas")).to_be_visible()


def test_shows_the_drawing_that_has_just_been_drawn(page, four):
    draw_by_mouse(page, four)
    page.get_by_role("link", name="My drawings").click()

    expect(cards(page)).to_have_count(1)


def test_link_works_without_a_connection_to_the_api(page, four):
    page.route("**/numbers/", lambda route: None)  # never answered
    draw_by_mouse(page, four)
    page.get_by_role("link", name="My drawings").click()
    page.clock.fast_forward(1000)

    expect(page.get_by_text("You have no drawings yet.")).to_be_visible()


def test_shows_image_correction_and_status(mine):
    expect(cards(mine)).to_have_count(2)
    card = cards(mine).last
    image = card.get_by_role("img", name="Drawing predicted as a 4")
    mine.wait_for_function("img => img.naturalWidth === 280", arg=image.element_handle())
    expect(card.get_by_role("button", name="9", exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )
    expect(card).to_contain_text("Pending: waiting for a reviewer.")


def test_shows_the_status_after_the_review(mine, django_user_model):
    row = Submission.objects.get(corrected_digit=Label.NINE)
    row.approve(django_user_model.objects.create_user("rosa"), Label.FOUR)
    mine.reload()

    expect(cards(mine).last).to_contain_text("Approved as a 4. The next training run can use it.")


def test_changes_the_correction_of_an_earlier_drawing(mine):
    cards(mine).last.get_by_role("button", name="8", exact=True).click()

    expect(cards(mine).last.get_by_role("status")).to_contain_text("Thank you. Saved as an 8.")
    assert sorted(row.corrected_digit for row in Submission.objects.all()) == [1, 8]


INK_UNTIL_REPLAY_ENDS = f"""canvas => new Promise((resolve) => {{
    const amounts = [];
    const measure = () => {{
        if (!canvas.isConnected) return resolve(amounts);
        amounts.push(({INK})(canvas));
        requestAnimationFrame(measure);
    }};
    measure();
}})"""


def test_replay_adds_ink_over_time(mine):
    button = cards(mine).last.locator(".replay")
    button.click()
    amounts = cards(mine).last.locator("canvas").evaluate(INK_UNTIL_REPLAY_ENDS)

    assert amounts == sorted(amounts)
    assert amounts[0] < amounts[-1]
    expect(button).to_be_visible()


def test_replays_a_drawing_with_strokes_without_points(mine):
    row = Submission.objects.get(corrected_digit=1)
    Submission.objects.filter(id=row.id).update(strokes=[[], *row.strokes, []])
    card = cards(mine).filter(has=mine.locator(f"button.replay[value='{row.id}']"))
    card.locator(".replay").click()

    expect(card.locator(".replay")).to_be_enabled()
    expect(card.locator("canvas")).to_have_count(0)


def test_deletes_one_drawing(mine):
    delete = cards(mine).last.get_by_role("button", name="Delete")
    delete.click()
    mine.get_by_role("button", name="Cancel").click()
    assert Submission.objects.count() == 2
    delete.click()
    mine.get_by_role("dialog").get_by_role("button", name="Delete").click()

    expect(cards(mine)).to_have_count(1)
    assert Submission.objects.get().corrected_digit == Label.ONE


def test_deletion_names_the_version_trained_on_the_drawing(mine):
    live = model_registry.live_version()
    learn(live, Submission.objects.get(corrected_digit=Label.NINE))
    cards(mine).last.get_by_role("button", name="Delete").click()
    mine.get_by_role("dialog").get_by_role("button", name="Delete").click()

    expect(mine.get_by_role("status")).to_contain_text("Version 1 was trained on this")
    mine.reload()
    expect(mine.get_by_role("status")).to_be_empty()


def test_escape_cancels_the_deletion(mine):
    cards(mine).last.get_by_role("button", name="Delete").click()
    expect(mine.get_by_role("button", name="Cancel")).to_be_focused()
    mine.keyboard.press("Escape")

    expect(mine.get_by_role("dialog")).to_be_hidden()
    assert Submission.objects.count() == 2


def test_deletes_all_drawings(mine):
    mine.get_by_role("button", name="Delete all").click()
    expect(mine.get_by_text("Delete all 2 drawings permanently?")).to_be_visible()
    mine.get_by_role("dialog").get_by_role("button", name="Delete").click()

    expect(mine.get_by_text("You have no drawings yet.")).to_be_visible()
    assert not Submission.objects.exists()


def test_shows_an_error_when_offline(mine):
    mine.context.set_offline(True)
    cards(mine).last.get_by_role("button", name="Delete").click()
    mine.get_by_role("dialog").get_by_role("button", name="Delete").click()

    expect(mine.get_by_role("alert")).to_contain_text("Check your connection")
    assert Submission.objects.count() == 2
