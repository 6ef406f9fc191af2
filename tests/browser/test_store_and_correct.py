"""A finished drawing is stored once; what the visitor says it is, too."""

import time

import pytest
from browser.hands import draw_by_mouse
from playwright.sync_api import expect

from recognizer.models import Answer, Review, Submission


def say(page, answer):
    page.get_by_role("button", name=answer, exact=True).click()


def notice(page):
    return expect(page.locator("#notice"))


def settled(page, answer):
    """The page has sent this answer and shows the receipt for it."""
    notice(page).to_have_text(f"Thank you. Stored as {answer}; a reviewer will look at it.")


def rest(page):
    page.clock.fast_forward(2000)


def was_stored(page):
    notice(page).to_have_text("Stored. Your answer helps the site to learn.")


@pytest.fixture
def stored(page, four):
    """A page with a drawing that has been stored, as the pen has rested."""
    draw_by_mouse(page, four)
    rest(page)
    was_stored(page)
    return page


def test_it_works(stored):
    submission = Submission.objects.get()

    assert submission.source == "canvas"
    assert submission.predicted_digit == Answer.FOUR
    assert submission.corrected_digit is None
    assert len(submission.pixels) == 28 * 28
    assert len(submission.strokes) == 2


def test_the_strokes_are_in_units_of_the_picture_and_milliseconds(stored):
    strokes = Submission.objects.get().strokes

    assert strokes[0][0][2] == 0
    points = [point for stroke in strokes for point in stroke]
    assert all(0 <= x <= 280 and 0 <= y <= 280 for x, y, _ in points)
    xs, ys, times = zip(*points, strict=True)
    assert max(max(xs) - min(xs), max(ys) - min(ys)) == pytest.approx(0.6 * 280, abs=3)
    assert list(times) == sorted(times)
    assert all(isinstance(ms, int) for ms in times)


def test_nothing_is_stored_while_the_pen_rests_only_shortly(page, four):
    draw_by_mouse(page, four[:1])
    page.clock.fast_forward(1000)
    draw_by_mouse(page, four)
    page.clock.fast_forward(1000)
    page.wait_for_timeout(200)

    assert not Submission.objects.exists()


def test_a_correction(stored):
    say(stored, "9")

    settled(stored, "a 9")
    expect(stored.get_by_role("button", name="9")).to_have_attribute("aria-pressed", "true")
    assert Submission.objects.get().corrected_digit == Answer.NINE


def test_a_confirmation(stored):
    say(stored, "Yes, it’s a 4")

    settled(stored, "a 4")
    assert Submission.objects.get().corrected_digit == Answer.FOUR


def test_not_a_digit(stored):
    say(stored, "Not a digit")

    settled(stored, "not a digit")
    assert Submission.objects.get().corrected_digit == Answer.NOT_A_DIGIT


def test_an_answer_at_once_does_not_wait_for_the_rest(page, four):
    draw_by_mouse(page, four)
    say(page, "9")

    settled(page, "a 9")
    assert Submission.objects.get().corrected_digit == Answer.NINE


def test_a_changed_mind(stored):
    say(stored, "9")
    settled(stored, "a 9")
    say(stored, "8")

    settled(stored, "an 8")
    expect(stored.locator("[aria-pressed=true]")).to_have_text("8")
    assert Submission.objects.get().corrected_digit == Answer.EIGHT


def test_after_the_review_it_stays(stored, django_user_model):
    submission = Submission.objects.get()
    submission.approve(django_user_model.objects.create_user("rosa"), Answer.FOUR)
    say(stored, "9")

    notice(stored).to_have_text("A reviewer has already decided on this submission.")
    expect(stored.locator("[aria-pressed=true]")).to_have_count(0)
    submission.refresh_from_db()
    assert (submission.review, submission.corrected_digit) == (Review.APPROVED, None)


def deleting(page):
    return page.expect_response(lambda response: response.request.method == "DELETE")


def hold_storing(page):
    """Returns a list of the requests to store, which go on when a test lets them."""
    held = []
    page.route("**/numbers/", lambda route: held.append(route))
    return held


def test_a_double_click_stores_once(page, four):
    held = hold_storing(page)
    draw_by_mouse(page, four)
    with page.expect_request("**/numbers/"):
        page.get_by_role("button", name="9").dblclick()
    say(page, "8")
    rest(page)
    assert len(held) == 1
    held[0].continue_()

    settled(page, "an 8")
    assert len(held) == 1
    assert Submission.objects.get().corrected_digit == Answer.EIGHT


def test_going_on_after_the_rest_replaces_what_was_stored(stored, four):
    earlier = Submission.objects.get()
    draw_by_mouse(stored, [[[0, 0], [200, 200]]])
    notice(stored).to_have_text("")
    rest(stored)
    was_stored(stored)

    later = Submission.objects.get()
    assert later.pk != earlier.pk
    assert len(later.strokes) == 3


def test_undo_after_the_rest_replaces_what_was_stored(stored):
    say(stored, "Undo")
    notice(stored).to_have_text("")
    rest(stored)
    was_stored(stored)

    assert len(Submission.objects.get().strokes) == 1


def test_undone_altogether_nothing_stays_stored(stored):
    say(stored, "Undo")
    say(stored, "Undo")
    with deleting(stored):
        rest(stored)

    assert not Submission.objects.exists()


def test_clear_before_the_rest_discards(page, four):
    draw_by_mouse(page, four)
    say(page, "Clear")
    rest(page)
    page.wait_for_timeout(200)

    assert not Submission.objects.exists()


def test_clear_while_it_is_being_stored_discards(page, four):
    held = hold_storing(page)
    draw_by_mouse(page, four)
    with page.expect_request("**/numbers/"):
        rest(page)
    say(page, "Clear")
    with deleting(page):
        held[0].continue_()

    assert len(held) == 1
    assert not Submission.objects.exists()


def test_clear_after_the_rest_keeps_what_is_stored(stored):
    say(stored, "Clear")
    stored.wait_for_timeout(300)

    assert Submission.objects.count() == 1


def test_the_stroke_after_the_receipt_begins_a_new_drawing(stored, four):
    say(stored, "9")
    settled(stored, "a 9")
    draw_by_mouse(stored, four[:1])
    rest(stored)
    was_stored(stored)

    new, first = Submission.objects.all()
    assert (len(first.strokes), first.corrected_digit) == (2, Answer.NINE)
    assert (len(new.strokes), new.corrected_digit) == (1, None)


def test_who_leaves_before_the_rest_has_drawn_too(page, four):
    draw_by_mouse(page, four)
    page.goto("about:blank")

    deadline = time.monotonic() + 5
    while not Submission.objects.exists() and time.monotonic() < deadline:
        page.wait_for_timeout(50)
    assert len(Submission.objects.get().strokes) == 2
