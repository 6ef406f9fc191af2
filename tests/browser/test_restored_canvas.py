"""A reload, a change of language and *Clear* do not lose the drawing on the canvas."""

import pytest
from playwright.sync_api import expect

from recognizer.models import Label, Submission
from tests.browser.pointer import draw_by_mouse, ink
from tests.support.synthetic_digits import square_strokes


@pytest.fixture
def drawn(page, four):
    draw_by_mouse(page, four)
    expect(page.locator("#digit")).to_have_text("4")
    return page


def store(page):
    page.clock.fast_forward(2000)
    expect(page.locator("#notice")).to_contain_text("Saved")


def test_reload_keeps_the_drawing_and_stores_it_once(drawn):
    before = ink(drawn)
    drawn.reload()
    expect(drawn.locator("#digit")).to_have_text("4")
    assert ink(drawn) == before
    expect(drawn.locator("#notice")).to_contain_text("Saved")
    drawn.get_by_role("button", name="Undo").click()
    assert ink(drawn) < before
    store(drawn)
    assert Submission.objects.count() == 1


def test_change_of_language_keeps_the_drawing_and_the_correction(drawn):
    drawn.get_by_role("button", name="9", exact=True).click()
    expect(drawn.locator("#notice")).to_contain_text("Thanks.")
    drawn.get_by_role("button", name="Français").click()
    expect(drawn.locator("h1")).to_have_text("Dessinez un chiffre")
    nine = drawn.locator("#correction").get_by_role("button", name="9", exact=True)
    expect(nine).to_have_attribute("aria-pressed", "true")
    assert ink(drawn) > 0
    assert Submission.objects.get().corrected_digit == Label.NINE


def test_reload_keeps_the_prediction_of_a_corrected_drawing(page):
    """The drawing is in the visitor's memory now. It must not explain its own prediction."""
    draw_by_mouse(page, square_strokes(1))
    expect(page.locator("#prediction")).to_have_attribute("aria-busy", "false")
    page.get_by_role("button", name="0", exact=True).click()
    expect(page.locator("#notice")).to_contain_text("Thank")
    sentence = page.locator("#sentence").text_content()
    assert "0" in sentence
    page.reload()
    expect(page.locator("#digit")).to_have_text("0")
    page.wait_for_load_state("networkidle")

    expect(page.locator("#sentence")).to_have_text(sentence)
    expect(page.locator("#confirm")).to_have_attribute("aria-pressed", "false")


def test_reload_keeps_an_uploaded_image(page, four):
    draw_by_mouse(page, four)
    image = page.locator("#canvas").screenshot()
    page.locator("#clear").click()
    page.locator("[type=file]").first.set_input_files(
        {"name": "four.png", "mimeType": "image/png", "buffer": image}
    )
    expect(page.locator("#digit")).to_have_text("4")
    page.reload()
    expect(page.locator("#digit")).to_have_text("4")
    assert ink(page) > 0


@pytest.mark.parametrize("way", ["button", "Control+z"])
def test_clear_can_be_undone(drawn, way):
    store(drawn)
    before = ink(drawn)
    drawn.get_by_role("button", name="Clear").click()
    assert ink(drawn) == 0
    if way == "button":
        drawn.get_by_role("button", name="Undo").click()
    else:
        drawn.keyboard.press(way)
    expect(drawn.locator("#digit")).to_have_text("4")
    assert ink(drawn) == before
    drawn.locator("#correction").get_by_role("button", name="9", exact=True).click()
    expect(drawn.locator("#notice")).to_contain_text("Thanks.")
    assert Submission.objects.get().corrected_digit == Label.NINE


def test_undo_steps_back_over_clear(drawn, four):
    before = ink(drawn)
    drawn.get_by_role("button", name="Clear").click()
    draw_by_mouse(drawn, four[:1])
    store(drawn)
    drawn.get_by_role("button", name="Undo").click()
    drawn.get_by_role("button", name="Undo").click()
    assert ink(drawn) == before
    store(drawn)
    expect(drawn.locator("#digit")).to_have_text("4")
    # The stroke in between is deleted.
    row = Submission.objects.get()
    assert row.predicted_digit == Label.FOUR


def test_deleted_drawing_does_not_come_back(drawn):
    store(drawn)
    drawn.get_by_role("link", name="My drawings").click()
    drawn.get_by_role("button", name="Delete all").click()
    drawn.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(drawn.get_by_text("You have no drawings yet.")).to_be_visible()
    drawn.get_by_role("main").get_by_role("link", name="Draw a digit").click()
    expect(drawn.locator("#sentence")).to_contain_text("Draw one digit")
    assert ink(drawn) == 0
    assert not Submission.objects.exists()


@pytest.mark.parametrize("change", ["delete", "correct"])
def test_change_of_another_drawing_keeps_the_drawing(drawn, change):
    store(drawn)
    drawn.get_by_role("button", name="Yes").click()
    drawn.get_by_role("button", name="Next drawing").click()
    draw_by_mouse(drawn, square_strokes(1))
    expect(drawn.locator("#prediction")).to_have_attribute("aria-busy", "false")
    store(drawn)
    before = ink(drawn)
    drawn.get_by_role("link", name="My drawings").click()
    four = drawn.locator(".drawings li").nth(1)
    if change == "delete":
        four.get_by_role("button", name="Delete").click()
        drawn.get_by_role("dialog").get_by_role("button", name="Delete").click()
        expect(drawn.locator(".drawings li")).to_have_count(1)
    else:
        four.get_by_role("button", name="9", exact=True).click()
        expect(drawn.get_by_text("Thank you. Saved as a 9.")).to_be_visible()
    drawn.get_by_role("link", name="Draw", exact=True).click()
    expect(drawn.locator("#confirm")).to_be_enabled()
    assert ink(drawn) == before


def test_logout_forgets_the_drawing(page, site, rosa, client, four):
    client.force_login(rosa)
    session = client.cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": session, "url": site.url}])
    page.reload()
    draw_by_mouse(page, four)
    store(page)
    page.context.clear_cookies(name="sessionid")
    page.reload()
    expect(page.locator("#sentence")).to_contain_text("Draw one digit")
    assert ink(page) == 0
    assert Submission.objects.count() == 1
