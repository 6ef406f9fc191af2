"""What visitors drew, what became of it, how it was drawn; and how they delete it."""

import pytest
from browser.hands import draw_by_mouse
from playwright.sync_api import expect

from recognizer import registry
from recognizer.models import Answer, Submission

INK = """canvas => {
    const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
    return pixels.filter((value, i) => i % 4 === 3 && value > 127).length;
}"""


def draw_and_say(page, strokes, digit):
    draw_by_mouse(page, strokes)
    page.get_by_role("button", name=digit, exact=True).click()
    expect(page.get_by_text("Thank you")).to_be_visible()


@pytest.fixture
def mine(page, four):
    """The page of who drew a 4, calls it a 9, and drew half of it once more."""
    draw_and_say(page, four, "9")
    draw_and_say(page, four[:1], "1")
    page.get_by_role("link", name="My drawings").click()
    page.wait_for_url("**/mine/")  # and until its script has run
    return page


def cards(page):
    return page.locator(".drawings li")


def test_nothing_there_yet(page):
    page.get_by_role("link", name="My drawings").click()
    expect(page.get_by_text("Nothing here yet.")).to_be_visible()
    page.get_by_role("main").get_by_role("link", name="Draw a digit").click()

    expect(page.locator("#canvas")).to_be_visible()


def test_it_shows_what_was_drawn(mine):
    expect(cards(mine)).to_have_count(2)
    card = cards(mine).last
    picture = card.get_by_role("img", name="A drawing that was read as a 4")
    mine.wait_for_function("img => img.naturalWidth === 280", arg=picture.element_handle())
    expect(card).to_contain_text("a 9")
    expect(card).to_contain_text("Pending: waits for a reviewer.")


def test_the_fate_after_the_review(mine, django_user_model):
    row = Submission.objects.get(corrected_digit=Answer.NINE)
    row.approve(django_user_model.objects.create_user("rosa"), Answer.FOUR)
    mine.reload()

    expect(cards(mine).last).to_contain_text("Approved as a 4: will be learned.")


UNTIL_IT_ENDS = f"""canvas => new Promise((resolve) => {{
    const amounts = [];
    const look = () => {{
        if (!canvas.isConnected) return resolve(amounts);
        amounts.push(({INK})(canvas));
        requestAnimationFrame(look);
    }};
    look();
}})"""


def test_replay_draws_stroke_after_stroke(mine):
    button = cards(mine).last.locator(".replay")
    button.click()
    amounts = cards(mine).last.locator("canvas").evaluate(UNTIL_IT_ENDS)

    assert amounts == sorted(amounts)
    assert amounts[0] < amounts[-1]
    expect(button).to_be_visible()


def test_delete_one(mine):
    delete = cards(mine).last.get_by_role("button", name="Delete")
    delete.click()
    mine.get_by_role("button", name="Keep").click()
    assert Submission.objects.count() == 2
    delete.click()
    mine.get_by_role("dialog").get_by_role("button", name="Delete").click()

    expect(cards(mine)).to_have_count(1)
    assert Submission.objects.get().corrected_digit == Answer.ONE


def test_it_says_which_version_had_learned_from_it(mine):
    live = registry.live_version()
    Submission.objects.filter(corrected_digit=Answer.NINE).update(learned_in=live)
    cards(mine).last.get_by_role("button", name="Delete").click()
    mine.get_by_role("dialog").get_by_role("button", name="Delete").click()

    expect(mine.get_by_role("status")).to_contain_text("Version 1 had learned from this")
    mine.reload()
    expect(mine.get_by_role("status")).to_be_empty()


def test_escape_keeps(mine):
    cards(mine).last.get_by_role("button", name="Delete").click()
    expect(mine.get_by_role("button", name="Keep")).to_be_focused()
    mine.keyboard.press("Escape")

    expect(mine.get_by_role("dialog")).to_be_hidden()
    assert Submission.objects.count() == 2


def test_delete_all(mine):
    mine.get_by_role("button", name="Delete all").click()
    expect(mine.get_by_text("Delete all 2 drawings for good?")).to_be_visible()
    mine.get_by_role("dialog").get_by_role("button", name="Delete").click()

    expect(mine.get_by_text("Nothing here yet.")).to_be_visible()
    assert not Submission.objects.exists()


def test_without_a_connection_it_says_so(mine):
    mine.context.set_offline(True)
    cards(mine).last.get_by_role("button", name="Delete").click()
    mine.get_by_role("dialog").get_by_role("button", name="Delete").click()

    expect(mine.get_by_role("alert")).to_contain_text("Check the connection")
    assert Submission.objects.count() == 2
