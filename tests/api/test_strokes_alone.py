"""The API takes pen strokes without an image, and draws them itself."""

import json

import numpy as np
import pytest

from ml.preprocessing.decode import decode
from ml.preprocessing.normalize import normalize
from ml.preprocessing.stroke_rendering import draw_strokes
from recognizer.models import Submission
from recognizer.models.strokes import MAX_POINTS
from tests.support.factories import drawing_png
from tests.support.synthetic_digits import row_of, strokes_of

FOUR = strokes_of(4, np.random.default_rng(3))
ENDPOINTS = ("recognize/", "numbers/recognize/", "submissions/", "numbers/")


def with_times(strokes, *width):
    """Return [x, y] points as the API takes them."""
    return [[[x, y, 10 * i, *width] for i, (x, y) in enumerate(stroke)] for stroke in strokes]


@pytest.fixture
def send(visitor):
    def send_(path, **body):
        return visitor.post(f"/api/v1/{path}", json.dumps(body), content_type="application/json")

    return send_


def test_predicts_strokes_in_json(send):
    body = send("recognize/", strokes=with_times(FOUR)).json()
    assert body["digit"] == 4
    assert not Submission.objects.exists()


def test_predicts_strokes_in_a_form(visitor):
    body = visitor.post("/api/v1/recognize/", {"strokes": json.dumps(with_times(FOUR))}).json()
    assert body["digit"] == 4


@pytest.mark.database
def test_stores_what_it_predicts(send):
    strokes = with_times(FOUR, 12.34)
    response = send("submissions/", strokes=strokes, source="canvas")
    assert (response.status_code, response.json()["digit"]) == (201, 4)
    row = Submission.objects.get()
    drawn = draw_strokes(row.strokes)
    assert row.source == "canvas"
    assert row.strokes[0][0] == [round(strokes[0][0][0], 1), round(strokes[0][0][1], 1), 0, 12.3]
    assert (decode(bytes(row.image)) == drawn).all()
    assert bytes(row.pixels) == normalize(drawn).tobytes()
    assert send("submissions/", strokes=strokes).status_code == 200


@pytest.mark.database
def test_predicts_and_stores_numbers(send):
    points = np.concatenate([np.array(stroke) for stroke in row_of(4, 2)])
    scale = 260 / np.ptp(points, axis=0).max()
    strokes = [
        ((np.array(stroke) - points.min(axis=0)) * scale + 10).tolist() for stroke in row_of(4, 2)
    ]
    assert send("numbers/recognize/", strokes=with_times(strokes, 11)).json()["number"] == "42"
    stored = send("numbers/", strokes=with_times(strokes, 11)).json()
    assert stored["number"] == "42"
    rows = [Submission.objects.get(pk=each["id"]) for each in stored["submissions"]]
    assert [len(row.strokes) for row in rows] == [2, 1]
    assert {len(point) for row in rows for stroke in row.strokes for point in stroke} == {4}


def test_an_image_is_predicted_instead_of_its_strokes(visitor):
    response = visitor.submit(drawing_png(7), strokes=json.dumps(with_times(FOUR)))
    assert response.json()["digit"] == 7
    assert decode(bytes(Submission.objects.get().image)).tolist() == decode(drawing_png(7)).tolist()


@pytest.mark.parametrize("path", ENDPOINTS)
@pytest.mark.parametrize("body", [{}, {"strokes": None}])
def test_rejects_a_body_without_a_drawing(send, path, body):
    response = send(path, **body)
    assert response.status_code == 400
    assert response.json()["fields"] == {"image": ["Send an image, or strokes alone."]}


@pytest.mark.parametrize(
    ("strokes", "code"),
    [
        ([], "blank_image"),
        ([[]], "blank_image"),
        ([[[9000, 9000, 0], [9900, 9000, 1]]], "blank_image"),
        ([[[140, 140, 0]]], "single_dot"),
        ([[[140, 140, 0, 8.64e7]]], "single_dot"),
        ([[[140, 140, 0, -8.64e7]]], "single_dot"),
        ([[[140, 140, 0, None]]], "invalid"),
        ([[[140, 140, 0, 18, 0]]], "invalid"),
    ],
    ids=range(8),
)
@pytest.mark.parametrize("path", ENDPOINTS)
def test_rejects_strokes_that_draw_nothing(send, path, strokes, code):
    response = send(path, strokes=strokes)
    assert (response.status_code, response.json()["code"]) == (400, code)


def test_many_points_use_up_the_processor_quota(send, settings):
    settings.QUOTAS = {"processor": 1000}
    rng = np.random.default_rng(0)
    points = rng.uniform(0, 280, (MAX_POINTS, 3)).round(1).tolist()
    statuses = [send("recognize/", strokes=[points]).status_code for _ in range(12)]
    assert statuses[0] == 200
    assert statuses[-1] == 429
