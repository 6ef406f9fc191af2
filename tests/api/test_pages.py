"""POST /api/v1/pages/recognize/: pictures with several rows of digits."""

import base64
import json

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from ml.preprocessing import pages
from recognizer.models import Submission
from tests.support.factories import drawing_png, png, upload
from tests.support.synthetic_digits import draw, strokes_of
from tests.support.synthetic_pages import PITCH, WIDTH, draw_page, photo


@pytest.fixture
def recognize(visitor):
    return lambda data: visitor.post("/api/v1/pages/recognize/", {"image": upload(data)})


def numbers(response):
    return [[number["number"] for number in row] for row in response.json()["rows"]]


def test_reads_rows_from_top_to_bottom(recognize):
    response = recognize(png(draw_page()))
    assert numbers(response) == [["420"], ["73"], ["186"]]
    assert response.json()["model_version"] == 1
    assert not Submission.objects.exists()


@pytest.mark.parametrize("ruled", [False, True])
@pytest.mark.parametrize("tilt", [-2, 2])
def test_reads_tilted_photos_of_plain_and_ruled_paper(recognize, ruled, tilt):
    assert numbers(recognize(photo(draw_page(ruled=ruled), tilt))) == [["420"], ["73"], ["186"]]


def test_ignores_the_margin_line_of_ruled_paper(recognize):
    image = draw_page(ruled=True)
    ImageDraw.Draw(image).line((50, 0, 50, image.height), fill=138, width=3)
    assert numbers(recognize(photo(image, 2))) == [["420"], ["73"], ["186"]]


def test_reads_a_sheet_on_a_table(recognize):
    image = draw_page()
    sheet = image.convert("LA").rotate(5, Image.Resampling.BICUBIC, expand=True)
    table = Image.new("L", (sheet.width + 200, sheet.height + 200), 80)
    table.paste(sheet.getchannel("L"), (100, 100), sheet.getchannel("A"))
    response = recognize(photo(table, 0))
    assert numbers(response) == [["420"], ["73"], ["186"]]
    # The boxes are in the whole picture: the first digit is in the upper left of the sheet.
    left, top, width, height = response.json()["rows"][0][0]["digits"][0]["box"]
    cut = np.asarray(table)[
        round(top * table.height) : round((top + height) * table.height),
        round(left * table.width) : round((left + width) * table.width),
    ]
    assert (cut < 60).sum() > 0.9 * (np.asarray(table)[:320, :280] < 60).sum()


def test_ignores_a_thumb_on_the_page(recognize):
    image = draw_page()
    ImageDraw.Draw(image).ellipse((500, 300, 1000, 420), fill=130)
    assert numbers(recognize(photo(image, 0))) == [["420"], ["73"], ["186"]]


@pytest.mark.parametrize("left", range(80, 400, 80))
def test_digits_that_cross_the_edge_of_a_shadow_stay(recognize, left):
    image = draw_page()
    shadow = Image.new("L", image.size, 255)
    ImageDraw.Draw(shadow).ellipse((left, 150, left + 300, 900), fill=140)
    soft = np.asarray(shadow.filter(ImageFilter.GaussianBlur(8)), float) / 255
    shaded = Image.fromarray((np.asarray(image) * soft).astype(np.uint8))
    assert numbers(recognize(photo(shaded, 0))) == [["420"], ["73"], ["186"]]


def test_wide_gaps_separate_numbers(recognize):
    assert numbers(recognize(png(draw_page(cell=220)))) == [
        ["4", "2", "0"],
        ["7", "3"],
        ["1", "8", "6"],
    ]


def test_boxes_are_where_the_ink_is(recognize):
    image = draw_page()
    for row, top in zip(recognize(png(image)).json()["rows"], (0, 1, 2), strict=True):
        (number,) = row
        _, y, _, height = number["box"]
        assert (
            top * PITCH + 40 < y * image.height < (y + height) * image.height < (top + 1.4) * PITCH
        )
        lefts = [digit["box"][0] for digit in number["digits"]]
        assert lefts == sorted(lefts)
        assert 0 < number["confidence"] <= min(digit["confidence"] for digit in number["digits"])


LEVEL_LINES = {  # strokes, each with level parts
    1: [[(500, 380), (600, 300), (570, 600)], [(480, 600), (680, 600)]],
    2: [[(490, 370), (580, 300), (660, 370), (480, 600), (680, 600)]],
    4: [[(560, 300), (480, 490), (680, 490)], [(640, 400), (610, 600)]],
    5: [[(680, 300), (520, 300), (480, 420), (600, 410), (660, 500), (600, 590), (480, 600)]],
    7: [[(480, 300), (680, 300), (560, 600)], [(500, 450), (640, 450)]],
}


@pytest.mark.parametrize("pen", [4, 7])
@pytest.mark.parametrize("digit", LEVEL_LINES)
@pytest.mark.parametrize("ruled", [False, True])
def test_level_lines_of_a_digit_are_handwriting(recognize, digit, pen, ruled):
    image = Image.new("L", (1200, 900), 250)
    for top in (220, 640) if ruled else ():
        ImageDraw.Draw(image).line((0, top, 1200, top), fill=150, width=3)
    for line in LEVEL_LINES[digit]:
        ImageDraw.Draw(image).line(line, fill=30, width=pen, joint="curve")
    (((number,),)) = recognize(png(image)).json()["rows"]
    assert number["number"] == str(digit)
    expected = [480 / 1200, 300 / 900, 200 / 1200, 300 / 900]
    assert number["box"] == pytest.approx(expected, abs=0.02)


def test_reads_light_digits_on_dark_paper(recognize):
    inverted = Image.fromarray(255 - np.asarray(draw_page()))
    assert numbers(recognize(png(inverted))) == [["420"], ["73"], ["186"]]


def test_accepts_base64(visitor):
    body = json.dumps({"image": base64.b64encode(png(draw_page())).decode()})
    response = visitor.post("/api/v1/pages/recognize/", body, content_type="application/json")
    assert numbers(response) == [["420"], ["73"], ["186"]]


def test_single_digit_is_one_row(recognize):
    assert numbers(recognize(drawing_png(7))) == [["7"]]


@pytest.mark.parametrize("size", [(800, 600), (1500, 1000), (3000, 2000)])
@pytest.mark.parametrize("share", [0.05, 0.1, 0.2])
def test_reads_a_single_small_digit(recognize, size, share):
    image = Image.new("L", size, 250)
    height = round(share * image.height)
    side, pen = 2 * height, height / 8
    seven = draw(strokes_of(7, np.random.default_rng(1)), size=side, share=0.5, pen=pen)
    image.paste(30, (size[0] // 3, size[1] // 3), Image.fromarray(255 - seven))
    assert numbers(recognize(png(image))) == [["7"]]


@pytest.mark.parametrize("noise", [0, 3, 8])
def test_rejects_a_photo_of_an_empty_sheet(recognize, noise):
    light = np.linspace(250, 120, 900) + np.zeros((600, 1))
    light += np.random.default_rng(1).normal(0, noise, light.shape)
    response = recognize(png(light.clip(0, 255).astype(np.uint8)))
    assert (response.status_code, response.json()["code"]) == (400, "blank_image")


def test_rejects_blank_pages_and_empty_bodies(visitor, recognize):
    assert recognize(png(np.full((300, 200), 255, np.uint8))).json()["code"] == "blank_image"
    nothing = visitor.post("/api/v1/pages/recognize/")
    assert (nothing.status_code, nothing.json()["code"]) == (400, "invalid")


def test_ink_in_the_last_rows_alone_is_no_number(recognize):
    strip = np.full((303, 1200), 255, np.uint8)
    strip[-3:] = 0
    response = recognize(png(strip))
    assert (response.status_code, response.json()["code"]) == (400, "no_rows")


def test_rejects_a_page_of_nothing_but_specks(recognize):
    image = Image.new("L", (WIDTH, 500), 255)
    for x, y in ((200, 100), (500, 120), (300, 350)):
        ImageDraw.Draw(image).rectangle((x, y, x + 30, y + 30), fill=0)
    response = recognize(png(image))
    assert (response.status_code, response.json()["code"]) == (400, "no_rows")


def test_rejects_pictures_that_would_take_too_long(recognize, monkeypatch):
    monkeypatch.setattr(pages, "MAX_PREDICTIONS", 10)
    response = recognize(png(draw_page()))
    assert (response.status_code, response.json()["code"]) == (400, "no_rows")


def test_noise_is_rejected(recognize):
    dust = np.where(np.random.default_rng(1).random((600, 600)) < 0.2, 0, 255).astype(np.uint8)
    response = recognize(png(dust))
    assert (response.status_code, response.json()["code"]) == (400, "no_rows")


def test_pages_are_charged_before_they_are_read(recognize, settings):
    settings.QUOTAS = {"processor": 300}
    assert recognize(png(draw_page())).status_code == 429
