"""Pictures that were not drawn here go the way of a drawing: chosen, pasted, dropped."""

import base64
import io

import numpy as np
import pytest
from browser.hands import draw_by_mouse
from kit import drawing, png
from PIL import Image
from playwright.sync_api import expect

from recognizer.models import Answer, Submission

# Hands over a file the way the browser does, which no script can do by itself.
HAND_OVER = """([kind, name, type, content]) => {
    const data = new DataTransfer();
    const bytes = Uint8Array.from(atob(content), (c) => c.charCodeAt(0));
    data.items.add(new File([bytes], name, { type }));
    const event = kind === "paste"
        ? new ClipboardEvent("paste", { clipboardData: data, bubbles: true })
        : new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true });
    document.body.dispatchEvent(event);
}"""


def choose(page, content, name="seven.png", kind="image/png"):
    page.get_by_label("Picture").set_input_files(
        {"name": name, "mimeType": kind, "buffer": content}
    )


def hand_over(page, how, content, name="seven.png", kind="image/png"):
    page.evaluate(HAND_OVER, [how, name, kind, base64.b64encode(content).decode()])


def is_read(page, digit):
    expect(page.locator("#sentence")).to_contain_text(f"a {digit}")


def test_a_chosen_file(page):
    choose(page, drawing(7))
    is_read(page, 7)
    expect(page.locator("#seen")).to_be_visible()
    page.get_by_role("button", name="Yes, it’s a 7").click()
    expect(page.locator("#notice")).to_contain_text("Stored as a 7")

    row = Submission.objects.get()
    assert (row.source, row.strokes, row.corrected_digit) == ("upload", None, Answer.SEVEN)


@pytest.mark.parametrize("how", ["paste", "drop"])
def test_pasted_or_dropped(page, how):
    hand_over(page, how, drawing(7))

    is_read(page, 7)


def test_it_is_seen_on_the_paper(page):
    choose(page, png(Image.open(io.BytesIO(drawing(7))).resize((600, 300))))
    is_read(page, 7)
    corner, middle = page.evaluate("""() => {
        const { width } = canvas, pen = canvas.getContext("2d");
        const at = (x, y) => pen.getImageData(x * width, y * width, 1, 1).data[3];
        return [at(0.5, 0.1), at(0.5, 0.3)];
    }""")

    assert (corner, middle) == (0, 255)  # as wide as the paper, half as high


def test_a_large_photo_is_sent_small(page):
    grey = np.asarray(Image.open(io.BytesIO(drawing(7))).resize((3000, 3000)).convert("RGB"))
    with page.expect_request("**/recognize/") as sent:
        choose(page, png(grey, format="JPEG"), "photo.jpg", "image/jpeg")
    is_read(page, 7)

    assert len(sent.value.post_data) < 200_000


def test_it_is_stored_after_a_while_as_a_drawing_is(page):
    choose(page, drawing(7))
    is_read(page, 7)
    page.clock.fast_forward(2000)
    expect(page.locator("#notice")).to_contain_text("Stored")

    assert Submission.objects.get().source == "upload"


def test_a_file_that_is_no_picture(page):
    choose(page, b"no picture at all", "seven.png")
    expect(page.locator("#sentence")).to_have_text(
        "This is not a picture that your browser can open."
    )
    hand_over(page, "drop", b"words", "words.txt", "text/plain")
    expect(page.locator("#sentence")).to_contain_text("not a picture")

    assert not Submission.objects.exists()


def test_a_picture_with_nothing_on_it(page):
    choose(page, png(np.full((50, 50), 255, np.uint8)))

    expect(page.locator("#sentence")).to_contain_text("there is no ink on it")


def test_undo_takes_it_back(page):
    choose(page, drawing(7))
    is_read(page, 7)
    page.get_by_role("button", name="Undo").click()

    expect(page.locator("#sentence")).to_contain_text("Draw one digit")
    expect(page.locator("#digit")).to_be_empty()


def test_the_next_stroke_begins_a_drawing(page, four):
    choose(page, drawing(7))
    is_read(page, 7)
    draw_by_mouse(page, four)

    is_read(page, 4)


def test_a_phone_offers_its_camera(open_page):
    page = open_page(has_touch=True, is_mobile=True, viewport={"width": 360, "height": 740})

    expect(page.get_by_text("Camera")).to_be_visible()
    expect(page.get_by_label("Camera")).to_have_attribute("capture", "environment")
