"""The draw page works in browsers that add noise to what a page reads from a canvas."""

import base64
import json

import pytest
from playwright.sync_api import expect

from recognizer.models import Submission
from tests.browser.pointer import choose, draw_by_mouse, expect_prediction
from tests.support.factories import drawing_png

# Add noise, as Tor Browser and Firefox with `privacy.resistFingerprinting` do.
ADD_NOISE = """
const noise = (width, height) => {
  const image = new ImageData(width, height);
  image.data.forEach((_, i) => (image.data[i] = 256 * Math.random()));
  return image;
};
const { toDataURL } = HTMLCanvasElement.prototype;
CanvasRenderingContext2D.prototype.getImageData = (x, y, width, height) => noise(width, height);
HTMLCanvasElement.prototype.toDataURL = function (...options) {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: this.width, height: this.height });
  canvas.getContext("2d").putImageData(noise(this.width, this.height), 0, 0);
  return toDataURL.apply(canvas, options);
};
"""


@pytest.fixture
def private_page(page):
    page.add_init_script(ADD_NOISE)
    page.reload()
    return page


def sent(page, action):
    """Return the body of the request for a prediction that an action causes."""
    with page.expect_request("**/recognize/") as request:
        action()
    return json.loads(request.value.post_data)


def test_sends_the_strokes_instead_of_the_drawing(private_page, four):
    body = sent(private_page, lambda: draw_by_mouse(private_page, four))
    assert "image" not in body
    expect_prediction(private_page, 4)
    private_page.clock.fast_forward(2000)
    expect(private_page.locator("#notice")).to_contain_text("Saved")
    row = Submission.objects.get()
    assert (row.predicted_digit, row.source, len(row.strokes)) == (4, "canvas", 2)


def test_sends_a_photo_as_it_is(private_page):
    photo = drawing_png(7, size=2800)
    body = sent(private_page, lambda: choose(private_page, photo))
    assert base64.b64decode(body["image"].partition(",")[2]) == photo
    expect_prediction(private_page, 7)


def test_sends_a_small_image_as_it_is_in_every_browser(page):
    body = sent(page, lambda: choose(page, drawing_png(7)))
    assert base64.b64decode(body["image"].partition(",")[2]) == drawing_png(7)
    expect_prediction(page, 7)


def test_other_browsers_send_the_drawing_and_the_strokes_with_their_width(page, four):
    page.get_by_title("Thin").click()
    draw_by_mouse(page, four)
    expect_prediction(page, 4)
    body = sent(page, lambda: page.get_by_role("button", name="Undo").click())
    assert body["image"].startswith("data:image/png")
    assert {point[3] for stroke in body["strokes"] for point in stroke} == {11}
