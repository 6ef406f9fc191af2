"""Images can be uploaded: chosen, pasted or dropped. They are treated like a drawing."""

import base64
import io

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from recognizer.models import Label, Submission
from tests.browser.pointer import choose, draw_by_mouse, expect_prediction
from tests.fuzz.corpus import encoded
from tests.support.factories import drawing_png, png

INCOMPLETE = "The end of this file is missing. The site has read the rest."
# Dispatch the event that the browser fires when a file is pasted or dropped.
DISPATCH_FILE_EVENT = """([kind, name, type, content]) => {
    const data = new DataTransfer();
    const bytes = Uint8Array.from(atob(content), (c) => c.charCodeAt(0));
    data.items.add(new File([bytes], name, { type }));
    const event = kind === "paste"
        ? new ClipboardEvent("paste", { clipboardData: data, bubbles: true })
        : new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true });
    document.body.dispatchEvent(event);
}"""


def paste_or_drop(page, how, content, name="seven.png", kind="image/png"):
    page.evaluate(DISPATCH_FILE_EVENT, [how, name, kind, base64.b64encode(content).decode()])


def test_chosen_file_is_predicted_and_stored(page):
    choose(page, drawing_png(7))
    expect_prediction(page, 7)
    expect(page.locator("#model-input")).to_be_visible()
    page.get_by_role("button", name="Yes, it’s a 7").click()
    expect(page.locator("#notice")).to_contain_text("Saved as a 7")

    row = Submission.objects.get()
    assert (row.source, row.strokes, row.corrected_digit) == ("upload", None, Label.SEVEN)


@pytest.mark.parametrize("how", ["paste", "drop"])
def test_predicts_a_pasted_or_dropped_file(page, how):
    paste_or_drop(page, how, drawing_png(7))

    expect_prediction(page, 7)


@pytest.mark.parametrize("kind", ["image/heic", ""])
def test_predicts_a_heic_file_that_the_browser_cannot_show(page, kind):
    choose(page, encoded(Image.open(io.BytesIO(drawing_png(7))), "HEIC"), "seven.HEIC", kind)
    expect_prediction(page, 7)
    shown = page.locator("#canvas").screenshot()
    page.reload()
    expect_prediction(page, 7)
    assert page.locator("#canvas").screenshot() == shown


def test_undo_keeps_a_submission_of_the_same_picture_from_before(page):
    for _ in range(2):
        choose(page, drawing_png(7))
        expect_prediction(page, 7)
        page.clock.fast_forward(2000)
        expect(page.locator("#notice")).to_contain_text("Saved")
        page.get_by_role("button", name="Clear").click()
    page.get_by_role("button", name="Undo").click()
    expect_prediction(page, 7)
    page.get_by_role("button", name="Undo").click()
    page.clock.fast_forward(2000)
    page.wait_for_timeout(300)

    assert Submission.objects.count() == 1


def square():
    """Return a picture of a square, which the network does not predict as a digit."""
    grey = np.full((280, 280), 255, np.uint8)
    grey[60:220, 60:220] = 0
    grey[78:202, 78:202] = 255
    return png(grey)


def test_correction_of_the_same_picture_from_before_counts(page):
    choose(page, square())
    expect(page.locator("#sentence")).to_contain_text("This does not look like a digit")
    page.get_by_role("button", name="0", exact=True).click()
    expect(page.locator("#notice")).to_contain_text("Thank")
    page.get_by_role("button", name="Clear").click()
    choose(page, square())
    expect(page.locator("#digit")).to_have_text("0")  # the visitor's memory predicts it now
    with page.expect_response("**/numbers/"):
        page.clock.fast_forward(2000)

    zero = page.locator("#correction").get_by_role("button", name="0", exact=True)
    expect(zero).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#sentence")).to_contain_text("This is a 0")
    expect(page.locator("#notice")).not_to_contain_text("correct it")
    assert Submission.objects.get().corrected_digit == Label.ZERO


def test_refused_correction_of_an_unread_picture_is_shown(page, django_user_model):
    choose(page, square())
    expect(page.locator("#notice")).to_contain_text("Drag across")
    with page.expect_response("**/numbers/"):
        page.clock.fast_forward(2000)
    submission = Submission.objects.get()
    submission.approve(django_user_model.objects.create_user("rosa"), Label.ZERO)
    page.get_by_role("button", name="0", exact=True).click()

    expect(page.locator("#notice")).to_have_text("This submission has already been reviewed.")


def test_discarded_upload_does_not_store_the_next_drawing_early(page, four):
    choose(page, drawing_png(7))
    expect_prediction(page, 7)
    page.get_by_role("button", name="Clear").click()
    draw_by_mouse(page, four[:1])
    page.clock.fast_forward(1200)
    page.wait_for_timeout(200)

    assert not Submission.objects.exists()


def test_says_until_the_answer_that_the_end_of_the_file_is_missing(page):
    whole = encoded(Image.open(io.BytesIO(drawing_png(7))).resize((600, 600)), "JPEG")
    choose(page, whole[:-2], "seven.jpg", "image/jpeg")
    expect_prediction(page, 7)
    expect(page.locator("#notice")).to_have_text(INCOMPLETE)
    with page.expect_response("**/numbers/"):
        page.clock.fast_forward(2000)
    expect(page.locator("#notice")).to_have_text(INCOMPLETE)
    page.get_by_role("button", name="Yes, it’s a 7").click()
    expect(page.locator("#notice")).to_contain_text("Saved as a 7")


def test_image_fills_the_width_of_the_canvas(page):
    choose(page, png(Image.open(io.BytesIO(drawing_png(7))).resize((600, 300))))
    expect_prediction(page, 7)
    corner, middle = page.evaluate("""() => {
        const { width } = canvas, context = canvas.getContext("2d");
        const at = (x, y) => context.getImageData(x * width, y * width, 1, 1).data[3];
        return [at(0.5, 0.1), at(0.5, 0.3)];
    }""")

    assert (corner, middle) == (0, 255)  # as wide as the canvas, half as high


def test_large_photo_is_shrunk_before_sending(page):
    grey = np.asarray(Image.open(io.BytesIO(drawing_png(7))).resize((3000, 3000)).convert("RGB"))
    with page.expect_request("**/recognize/") as request:
        choose(page, png(grey, format="JPEG"), "photo.jpg", "image/jpeg")
    expect_prediction(page, 7)

    assert len(request.value.post_data) < 200_000


def test_stores_an_upload_after_two_seconds(page):
    choose(page, drawing_png(7))
    expect_prediction(page, 7)
    page.clock.fast_forward(2000)
    expect(page.locator("#notice")).to_contain_text("Saved")

    assert Submission.objects.get().source == "upload"


def test_rejects_a_file_that_is_not_an_image(page):
    choose(page, b"not an image", "seven.png")
    expect(page.locator("#sentence")).to_have_text(
        "This file is not a supported image. Send a PNG, JPEG, WebP, GIF, HEIC or AVIF image."
    )
    paste_or_drop(page, "drop", b"text", "text.txt", "text/plain")
    expect(page.locator("#sentence")).to_contain_text("not a supported image")

    assert not Submission.objects.exists()


def test_rejects_an_image_without_ink(page):
    choose(page, png(np.full((50, 50), 255, np.uint8)))

    expect(page.locator("#sentence")).to_contain_text("The image is blank.")


def test_undo_removes_the_upload(page):
    choose(page, drawing_png(7))
    expect_prediction(page, 7)
    page.get_by_role("button", name="Undo").click()

    expect(page.locator("#sentence")).to_contain_text("Draw one digit")
    expect(page.locator("#digit")).to_be_empty()


def test_next_stroke_starts_a_new_drawing(page, four):
    choose(page, drawing_png(7))
    expect_prediction(page, 7)
    draw_by_mouse(page, four)

    expect_prediction(page, 4)


def test_phone_offers_its_camera(open_page):
    page = open_page(has_touch=True, is_mobile=True, viewport={"width": 360, "height": 740})

    expect(page.get_by_text("Camera")).to_be_visible()
    expect(page.get_by_label("Camera")).to_have_attribute("capture", "environment")


def test_tells_that_the_end_of_a_file_is_missing(page):
    seven = encoded(Image.open(io.BytesIO(drawing_png(7))), "JPEG")
    choose(page, seven[:-2], "seven.jpg", "image/jpeg")
    expect_prediction(page, 7)
    expect(page.locator("#notice")).to_contain_text("The end of this file is missing.")
