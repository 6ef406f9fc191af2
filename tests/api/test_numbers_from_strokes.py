"""numbers/ and numbers/recognize/ use the pen strokes to separate the digits of a number."""

import base64
import json

import numpy as np
import pytest

from benchmarks.stroke_rendering import paint, place
from ml.preprocessing.decode import decode
from recognizer.models import Submission
from tests.support.factories import png
from tests.support.synthetic_digits import row_of


def drawn(*digits, gap, width=14.0):
    """Return the placed strokes of digits side by side. A negative gap is an overlap."""
    placed = place(row_of(*digits, gap=gap), share=0.8, pen=width)
    return [[[x, y, 10 * i, w] for i, (x, y, _, w) in enumerate(each)] for each in placed]


@pytest.fixture
def send(visitor):
    def send_(strokes, path="numbers/recognize/", picture=None, **body):
        image = png(paint(picture or strokes))
        body = {"image": base64.b64encode(image).decode(), "strokes": strokes, **body}
        return visitor.post(f"/api/v1/{path}", json.dumps(body), content_type="application/json")

    return send_


def without_widths(strokes):
    return [[point[:3] for point in stroke] for stroke in strokes]


@pytest.mark.parametrize("digits", [(3, 2), (6, 8), (7, 5), (0, 9)])
def test_separates_overlapping_digits(send, digits):
    strokes = drawn(*digits, gap=-30)
    body = send(strokes).json()
    assert body["number"] == "".join(map(str, digits))
    (left, _, width, _), (second, *_) = (digit["box"] for digit in body["digits"])
    assert second < left + width


@pytest.mark.parametrize(
    ("digits", "gap"), [((1, 3), -40), ((2, 1), -30), ((6, 1), -20), ((7, 1), -30), ((0, 1), -20)]
)
def test_separates_a_bar_that_overlaps_its_neighbour(send, digits, gap):
    """As one digit, the network is less sure of the drawing than of its parts."""
    assert send(drawn(*digits, gap=gap)).json()["number"] == "".join(map(str, digits))


def test_separates_three_touching_digits(send):
    assert send(drawn(3, 6, 2, gap=-10)).json()["number"] == "362"


def test_works_without_widths(send):
    strokes = drawn(6, 8, gap=-30)
    assert send(without_widths(strokes), picture=strokes).json()["number"] == "68"


def test_needs_no_image(visitor):
    body = json.dumps({"strokes": drawn(6, 8, gap=-30)})
    path = "/api/v1/numbers/recognize/"
    response = visitor.post(path, body, content_type="application/json")
    assert response.json()["number"] == "68"


@pytest.mark.parametrize("digit", [4, 5])
def test_digit_of_two_strokes_stays_one_digit(send, digit):
    assert send(drawn(digit, gap=0)).json()["number"] == str(digit)


def test_bar_that_is_drawn_last_belongs_to_its_five(send):
    first, bar, second = drawn(5, 2, gap=60)
    assert send([first, second, bar]).json()["number"] == "52"


@pytest.mark.database
def test_each_stored_digit_has_its_own_strokes(visitor, send):
    strokes = drawn(6, 8, gap=-30)
    stored = send(strokes, "numbers/").json()
    assert stored["number"] == "68"
    rows = [Submission.objects.get(pk=each["id"]) for each in stored["submissions"]]
    assert [[len(stroke) for stroke in row.strokes] for row in rows] == [
        [len(stroke)] for stroke in strokes
    ]


def test_strokes_that_an_import_would_refuse_are_not_stored(visitor, send):
    back_and_forth = [[x, 140, i] for i in range(500) for x in (60, 220)]
    number = drawn(6, 8, gap=30)
    assert send([back_and_forth], path="numbers/", picture=number).json()["number"] == "68"
    assert [row.strokes for row in Submission.objects.all()] == [None, None]


def test_strokes_of_another_drawing_are_ignored(send):
    other = drawn(1, 1, gap=120)
    assert send(other, picture=drawn(4, 2, gap=60)).json()["number"] == "42"


@pytest.mark.parametrize(
    "strokes",
    [
        [[]],
        [[[140, 140, 0, 8.64e7]], [[9e6, -9e6, 0, 0]]],
        [[[x, y, 0, 9] for x in (0, 270) for y in (0, 270)] for _ in range(200)],
        [[[0, 0, 0], [280, 280, 0, 50]], [[5, 5, 5, -5]]],
    ],
)
def test_strange_strokes_do_no_harm(send, strokes):
    assert send(strokes, picture=drawn(4, 2, gap=60)).json()["number"] == "42"


def test_many_strokes_are_charged_before_they_are_predicted(send, settings):
    settings.QUOTAS = {"processor": 30}
    line = [[[20 * i + y / 50, y, 0, 4.0] for y in range(20, 260, 20)] for i in range(14)]
    assert send(line).status_code == 429


def circle(radius, width):
    angles = np.arange(0, 7, 0.2)
    points = 140 + radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return [[[x, y, 10 * i, width] for i, (x, y) in enumerate(points.tolist())]]


@pytest.mark.parametrize("path", ["numbers/", "numbers/recognize/"])
@pytest.mark.parametrize("width", [1, 2, 3])
def test_thin_circle_is_no_server_error(visitor, path, width):
    """Its ink becomes grey when the image is made smaller."""
    body = json.dumps({"strokes": circle(120, width)})
    response = visitor.post(f"/api/v1/{path}", body, content_type="application/json")
    assert response.status_code in (200, 201)


@pytest.mark.parametrize(
    ("gap", "share"),
    [(40, 1), (-30, 1), (40, 0.5)],
    ids=["apart", "overlapping", "strokes that do not cover the ink"],
)
def test_digits_of_a_noisy_image_keep_their_strokes(visitor, gap, share):
    """Noise makes the image a photo, which is shrunk before it is split."""
    strokes = drawn(6, 8, gap=gap)
    noise = np.random.default_rng(1).normal(0, 8, (280, 280))
    noisy = (paint(strokes).astype(float) * 0.8 + 25 + noise).clip(0, 255).astype(np.uint8)
    strokes = [stroke[: round(share * len(stroke))] for stroke in strokes]
    body = {"image": base64.b64encode(png(noisy)).decode(), "strokes": strokes}
    response = visitor.post("/api/v1/numbers/", json.dumps(body), content_type="application/json")
    rows = [Submission.objects.get(id=each["id"]) for each in response.json()["submissions"]]
    assert [row.predicted_digit for row in rows] == [6, 8]
    for row in rows:
        grey = decode(bytes(row.image))
        points = [point for stroke in row.strokes for point in stroke]
        dark = [grey[round(y), round(x)] < 128 for x, y, *_ in points]
        assert np.mean(dark) > 0.95
    assert sum(len(row.strokes) for row in rows) == len(strokes)
