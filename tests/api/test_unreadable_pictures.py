"""A picture without a recognized digit is refused by name, if a person can take a better one."""

import json

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageOps

from recognizer.models import Submission
from tests.support.factories import drawing_png, png, upload
from tests.support.synthetic_digits import draw, strokes_of
from tests.support.synthetic_pages import draw_page, photo

STAR = [[[0, 0], [1, 1]], [[0, 1], [1, 0]], [[0.5, 0], [0.5, 1]], [[0, 0.5], [1, 0.5]]]
PATHS = ("recognize", "numbers/recognize", "submissions", "numbers")


def blurred(strokes, blur):
    """Return a photo that is out of focus by `blur` pixels."""
    sharp = Image.fromarray(draw(strokes, size=400, share=0.5, pen=18))
    light = np.asarray(sharp.filter(ImageFilter.GaussianBlur(blur)), float) * 0.8
    noise = np.random.default_rng(1).normal(0, 3, light.shape)
    return png((light + noise).clip(0, 255).astype(np.uint8))


def torn(strokes):
    """Return a photo of a drawing on a round piece of paper on a dark table."""
    paper = Image.fromarray(draw(strokes, size=400, share=0.4, pen=18)).convert("L")
    picture, mask = Image.new("L", (400, 400), 60), Image.new("L", (400, 400))
    ImageDraw.Draw(mask).ellipse((20, 20, 380, 380), fill=255)
    picture.paste(paper, mask=mask)
    noise = np.random.default_rng(1).normal(0, 3, (400, 400))
    return png((np.asarray(picture, float) * 0.9 + noise).clip(0, 255).astype(np.uint8))


def send(visitor, path, data, **fields):
    return visitor.post(f"/api/v1/{path}/", {"image": upload(data), **fields})


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("picture", "code"),
    [
        (lambda: photo(draw_page(), 2), "several_rows"),
        (lambda: photo(draw_page(ruled=True), -2), "several_rows"),
        (lambda: png(draw_page(cell=220)), "several_rows"),
        (lambda: blurred(STAR, 8), "out_of_focus"),
        (lambda: torn(STAR), "no_sheet"),
    ],
    ids=["photo of rows", "ruled paper", "scan of a table", "out of focus", "no whole sheet"],
)
def test_names_the_cause(visitor, path, picture, code):
    response = send(visitor, path, picture())
    assert (response.status_code, response.json()["code"]) == (400, code)
    assert not Submission.objects.exists()


@pytest.mark.parametrize("path", ["recognize", "numbers/recognize"])
@pytest.mark.parametrize("seed", [13, 28, 45, 71])
def test_names_several_rows_of_less_legible_digits(visitor, real_digits, real_pen, path, seed):
    """Draw two rows of three digits of a writer, and photograph them."""
    rng = np.random.default_rng(seed)
    own = [each for each in real_digits if each["writer"] == 1 + seed % 15]
    image = Image.new("L", (600, 600), 255)
    for place in range(6):
        strokes = own[rng.integers(len(own))]["strokes"]
        drawn = Image.fromarray(real_pen(strokes, size=280, share=0.5, pen=14))
        image.paste(0, (place % 3 * 160, place // 3 * 260), ImageOps.invert(drawn))
    response = send(visitor, path, photo(image, 0))
    assert (response.status_code, response.json()["code"]) == (400, "several_rows")


@pytest.mark.parametrize("path", PATHS)
def test_rejects_a_page_of_text(visitor, path):
    """Squeezed into the model input, a page of text is a grey bar, such as a 1."""
    image = Image.new("L", (1200, 1600), 255)
    for row in range(30):
        text = f"The quick brown fox jumps over the lazy dog {row}"
        ImageDraw.Draw(image).text((60, 40 + 50 * row), text, fill=0, font_size=40)
    response = send(visitor, path, png(image))
    assert (response.status_code, response.json()["code"]) == (400, "no_rows")


def test_refused_picture_does_not_affect_the_others_of_a_batch(visitor):
    body = {"images": [upload(drawing_png(7)), upload(photo(draw_page(), 2))]}
    seven, rows = visitor.post("/api/v1/recognize/batch/", body).json()["results"]
    assert (seven["prediction"]["digit"], rows["error"]["code"]) == (7, "several_rows")


def test_says_it_in_the_language_of_the_visitor(visitor):
    response = visitor.post(
        "/api/v1/recognize/", {"image": upload(blurred(STAR, 8))}, headers={"Accept-Language": "fr"}
    )
    assert response.json()["detail"].startswith("La photo est floue.")


@pytest.mark.parametrize("blur", [0, 4, 8])
def test_recognized_digits_are_never_refused(visitor, blur):
    seven = strokes_of(7, np.random.default_rng(1))
    assert send(visitor, "recognize", blurred(seven, blur)).json()["digit"] == 7


def test_digit_on_a_torn_sheet_is_recognized(visitor):
    seven = strokes_of(7, np.random.default_rng(1))
    assert send(visitor, "recognize", torn(seven)).json()["digit"] == 7


def test_sharp_picture_of_something_else_is_not_a_digit(visitor):
    response = send(visitor, "recognize", blurred(STAR, 0))
    assert (response.status_code, response.json()["digit"]) == (200, None)


def test_two_digits_side_by_side_are_one_row(visitor):
    response = send(visitor, "recognize", png(draw_page(rows=((4, 2),))))
    assert response.status_code == 200


@pytest.mark.parametrize("path", ["recognize", "numbers/recognize"])
def test_canvas_is_always_predicted(visitor, path):
    response = send(visitor, path, png(draw_page()), source="canvas")
    assert response.status_code == 200


def test_strokes_are_always_predicted(visitor):
    two_rows = [[[100, 20, 0], [100, 100, 90]], [[100, 160, 200], [100, 240, 290]]]
    response = visitor.post(
        "/api/v1/recognize/", json.dumps({"strokes": two_rows}), content_type="application/json"
    )
    assert response.status_code == 200
