"""The page stores each finished drawing once, together with the visitor's correction."""

import time

import pytest
from playwright.sync_api import expect

from recognizer.models import Label, Review, Submission
from tests.browser.pointer import draw_by_mouse
from tests.support.synthetic_digits import row_of


def click(page, name):
    page.get_by_role("button", name=name, exact=True).click()


def expect_notice(page):
    return expect(page.locator("#notice"))


def expect_saved_as(page, label):
    """Wait until the page confirms that the server has this correction."""
    expect_notice(page).to_have_text(
        f"Thanks. Saved as {label}. I’ll keep it in mind for you; "
        "a reviewer decides if it helps everybody."
    )


def finish(page):
    """Advance the clock so far that the drawing counts as finished."""
    page.clock.fast_forward(2000)


def expect_saved(page):
    expect_notice(page).to_have_text(
        "Saved. If the prediction is wrong, correct it: that helps the site learn."
    )


@pytest.fixture
def stored(page, four):
    """Return a page with a drawing that is finished and stored."""
    draw_by_mouse(page, four)
    finish(page)
    expect_saved(page)
    return page


def test_stores_a_finished_drawing(stored):
    submission = Submission.objects.get()

    assert submission.source == "canvas"
    assert submission.predicted_digit == Label.FOUR
    assert submission.corrected_digit is None
    assert len(submission.pixels) == 28 * 28
    assert len(submission.strokes) == 2


def test_strokes_use_image_pixels_and_milliseconds(stored):
    strokes = Submission.objects.get().strokes

    assert strokes[0][0][2] == 0
    points = [point for stroke in strokes for point in stroke]
    assert all(0 <= x <= 280 and 0 <= y <= 280 for x, y, *_ in points)
    xs, ys, times, _widths = zip(*points, strict=True)
    assert max(max(xs) - min(xs), max(ys) - min(ys)) == pytest.approx(0.6 * 280, abs=3)
    assert list(times) == sorted(times)
    assert all(isinstance(ms, int) for ms in times)


def test_short_pause_stores_nothing(page, four):
    draw_by_mouse(page, four[:1])
    page.clock.fast_forward(1000)
    draw_by_mouse(page, four)
    page.clock.fast_forward(1000)
    page.wait_for_timeout(200)

    assert not Submission.objects.exists()


def test_stores_a_correction(stored):
    click(stored, "9")

    expect_saved_as(stored, "a 9")
    expect(stored.get_by_role("button", name="9")).to_have_attribute("aria-pressed", "true")
    assert Submission.objects.get().corrected_digit == Label.NINE


def test_stores_a_confirmation(stored):
    click(stored, "Yes, it’s a 4")

    expect_notice(stored).to_have_text("Thank you. Saved as a 4. A reviewer will check it.")
    assert Submission.objects.get().corrected_digit == Label.FOUR


def test_stores_not_a_digit(stored):
    click(stored, "Not a digit")

    expect_notice(stored).to_have_text(
        "Thanks. Saved as “not a digit”. I’ll keep it in mind for you; "
        "a reviewer decides if it helps everybody."
    )
    assert Submission.objects.get().corrected_digit == Label.NOT_A_DIGIT


def test_correction_finishes_the_drawing_immediately(page, four):
    draw_by_mouse(page, four)
    click(page, "9")

    expect_saved_as(page, "a 9")
    assert Submission.objects.get().corrected_digit == Label.NINE


def test_correction_can_be_changed(stored):
    click(stored, "9")
    expect_saved_as(stored, "a 9")
    click(stored, "8")

    expect_saved_as(stored, "an 8")
    expect(stored.locator("[aria-pressed=true]")).to_have_text("8")
    assert Submission.objects.get().corrected_digit == Label.EIGHT


def test_correction_after_the_review_has_no_effect(stored, django_user_model):
    submission = Submission.objects.get()
    submission.approve(django_user_model.objects.create_user("rosa"), Label.FOUR)
    click(stored, "9")

    expect_notice(stored).to_have_text("This submission has already been reviewed.")
    expect(stored.locator("[aria-pressed=true]")).to_have_count(0)
    submission.refresh_from_db()
    assert (submission.review, submission.corrected_digit) == (Review.APPROVED, None)


def expect_deletion(page):
    return page.expect_response(lambda response: response.request.method == "DELETE")


def hold_storing(page):
    """Hold requests to store a drawing. Return the list that collects them."""
    held = []
    page.route("**/numbers/", lambda route: held.append(route))
    return held


def test_double_click_stores_once(page, four):
    held = hold_storing(page)
    draw_by_mouse(page, four)
    with page.expect_request("**/numbers/"):
        page.get_by_role("button", name="9").dblclick()
    click(page, "8")
    finish(page)
    assert len(held) == 1
    held[0].continue_()

    expect_saved_as(page, "an 8")
    assert len(held) == 1
    assert Submission.objects.get().corrected_digit == Label.EIGHT


def test_new_stroke_replaces_the_stored_drawing(stored, four):
    earlier = Submission.objects.get()
    draw_by_mouse(stored, [[[0, 0], [200, 200]]])
    expect_notice(stored).to_have_text("")
    finish(stored)
    expect_saved(stored)

    later = Submission.objects.get()
    assert later.pk != earlier.pk
    assert len(later.strokes) == 3


def refuse_to_store(page, times):
    refusal = {"code": "storage_limit", "detail": "You have stored too many drawings."}
    page.route("**/numbers/", lambda route: route.fulfill(status=429, json=refusal), times=times)


def test_correction_does_not_label_the_drawing_before_a_refused_stroke(stored):
    earlier = Submission.objects.get()
    refuse_to_store(stored, times=2)
    draw_by_mouse(stored, [[[0, 0], [200, 200]]])
    finish(stored)
    expect(stored.locator("#sentence")).to_have_text("You have stored too many drawings.")
    click(stored, "7")
    expect(stored.locator("[aria-pressed=true]")).to_have_count(0)  # refused again
    earlier.refresh_from_db()
    assert earlier.corrected_digit is None
    click(stored, "7")
    expect_notice(stored).to_contain_text("as a 7")

    later = Submission.objects.get()
    assert len(later.strokes) == 3
    assert later.corrected_digit == Label.SEVEN


def test_late_prediction_does_not_hide_that_storing_was_refused(stored):
    held = []
    stored.route("**/recognize/", lambda route: held.append(route))
    refuse_to_store(stored, times=1)
    draw_by_mouse(stored, [[[0, 0], [200, 200]]])
    finish(stored)
    refusal = "You have stored too many drawings."
    expect(stored.locator("#sentence")).to_have_text(refusal)
    expect(stored.locator("#prediction")).to_have_attribute("aria-busy", "true")
    held[-1].continue_()
    expect(stored.locator("#prediction")).to_have_attribute("aria-busy", "false")
    expect(stored.locator("#sentence")).to_have_text(refusal)


def test_undo_replaces_the_stored_drawing(stored):
    click(stored, "Undo")
    expect_notice(stored).to_have_text("")
    finish(stored)
    expect_saved(stored)

    assert len(Submission.objects.get().strokes) == 1


def test_undoing_every_stroke_deletes_the_stored_drawing(stored):
    click(stored, "Undo")
    click(stored, "Undo")
    with expect_deletion(stored):
        finish(stored)

    assert not Submission.objects.exists()


def test_clear_discards_an_unfinished_drawing(page, four):
    draw_by_mouse(page, four)
    click(page, "Clear")
    finish(page)
    page.wait_for_timeout(200)

    assert not Submission.objects.exists()


def test_clear_deletes_a_drawing_that_is_being_stored(page, four):
    held = hold_storing(page)
    draw_by_mouse(page, four)
    with page.expect_request("**/numbers/"):
        finish(page)
    click(page, "Clear")
    with expect_deletion(page):
        held[0].continue_()

    assert len(held) == 1
    assert not Submission.objects.exists()


def test_clear_keeps_a_stored_drawing(stored):
    click(stored, "Clear")
    stored.wait_for_timeout(300)

    assert Submission.objects.count() == 1


def test_stroke_after_a_correction_starts_a_new_drawing(stored, four):
    click(stored, "9")
    expect_saved_as(stored, "a 9")
    draw_by_mouse(stored, four[:1])
    finish(stored)
    expect_saved(stored)

    new, first = Submission.objects.all()
    assert (len(first.strokes), first.corrected_digit) == (2, Label.NINE)
    assert (len(new.strokes), new.corrected_digit) == (1, None)


def test_stroke_during_a_correction_keeps_the_correction(stored):
    """The visitor corrects by key while the mouse button is down."""
    stored.mouse.move(*near_the_corner(stored))
    stored.mouse.down()
    stored.keyboard.press("9")
    expect_saved_as(stored, "a 9")
    stored.mouse.up()
    finish(stored)
    expect_saved_as(stored, "a 9")
    stored.wait_for_timeout(300)

    row = Submission.objects.get()
    assert (len(row.strokes), row.corrected_digit) == (3, Label.NINE)


def near_the_corner(page):
    """Return a point near the upper left corner of the canvas, in window coordinates."""
    box = page.locator("#canvas").bounding_box()
    return box["x"] + 20, box["y"] + 20


def test_correction_of_another_number_of_digits_is_dropped(page):
    """A version that was promoted meanwhile splits the digit that the visitor has corrected."""

    def answer_with_one_digit(route):
        answer = route.fetch().json()
        route.fulfill(json=answer | {"number": "4", "digits": answer["digits"][:1]})

    page.route("**/numbers/recognize/", answer_with_one_digit)
    draw_by_mouse(page, row_of(4, 2))
    expect(page.locator("#digit")).to_have_text("4")
    click(page, "9")
    expect_saved(page)
    page.wait_for_timeout(300)

    assert [row.corrected_digit for row in Submission.objects.all()] == [None, None]


def test_leaving_the_page_stores_the_drawing(page, four):
    draw_by_mouse(page, four)
    page.goto("about:blank")

    deadline = time.monotonic() + 5
    while not Submission.objects.exists() and time.monotonic() < deadline:
        page.wait_for_timeout(50)
    assert len(Submission.objects.get().strokes) == 2
