"""POST /api/v1/numbers/recognize/ and /api/v1/numbers/: images with several digits."""

import base64
from contextlib import contextmanager

import numpy as np
import pytest
from django.db import IntegrityError, transaction

from ml.preprocessing.decode import decode
from ml.preprocessing.normalize import normalize
from recognizer.models import Label, Submission
from recognizer.serving import storage
from tests.support.factories import drawing_png, number_png, png, upload
from tests.support.synthetic_digits import draw, row_of


@pytest.fixture
def recognize(visitor):
    def post(data, **fields):
        return visitor.post("/api/v1/numbers/recognize/", {"image": upload(data), **fields})

    return post


@pytest.fixture
def store(visitor):
    def post(data, **fields):
        return visitor.post("/api/v1/numbers/", {"image": upload(data), **fields})

    return post


def test_predicts_each_digit_with_its_box(recognize):
    response = recognize(number_png(4, 2))
    assert response.status_code == 200
    body = response.json()
    assert (body["number"], body["model_version"]) == ("42", 1)
    assert [digit["digit"] for digit in body["digits"]] == [4, 2]
    (left, _, width, _), (second, *_) = (digit["box"] for digit in body["digits"])
    assert 0 < left < left + width < second < 1
    assert not Submission.objects.exists()


def test_keeps_leading_zeros(recognize):
    assert recognize(number_png(0, 0, 7)).json()["number"] == "007"


@pytest.mark.parametrize("digit", range(10))
def test_single_digit_gets_the_same_prediction_from_recognize(visitor, recognize, digit):
    data = drawing_png(digit)
    alone = visitor.recognize(data).json()
    body = recognize(data).json()
    (only,) = body.pop("digits")
    assert body.pop("number") == str(digit)
    only.pop("box")
    assert only | body == alone


def test_five_with_a_separate_bar_is_one_digit(recognize):
    bar = [[[70, 20], [140, 20]]]
    body = [[[70, 70], [68, 100], [110, 95], [135, 125], [120, 170], [80, 180], [55, 165]]]
    (only,) = recognize(png(draw(bar + body))).json()["digits"]
    assert only["digit"] == 5


def test_four_with_separate_strokes_is_one_digit(recognize):
    angle, stem = [[90, 10], [40, 110], [105, 112]], [[130, 70], [126, 190]]
    (only,) = recognize(png(draw([angle, stem], pen=12))).json()["digits"]
    assert only["digit"] == 4


def test_separates_touching_digits(recognize):
    assert recognize(number_png(3, 2, gap=-4)).json()["number"] == "32"


def test_predicts_light_digits_on_dark_paper(recognize):
    inverted = png(255 - draw(row_of(4, 2), share=0.8, pen=14))
    assert recognize(inverted).json()["number"] == "42"


def test_number_is_null_for_not_a_digit(recognize):
    rng = np.random.default_rng(1)
    body = recognize(png(draw(rng.uniform(0, 200, (1, 25, 2)).tolist(), pen=8))).json()
    assert (body["number"], [digit["digit"] for digit in body["digits"]]) == (None, [None])


@pytest.mark.parametrize("pen", [1, 3, 40])
def test_predicts_thin_and_thick_pens(recognize, pen):
    assert recognize(png(draw(row_of(1, 7, gap=120), share=0.8, pen=pen))).json()["number"] == "17"


@pytest.mark.parametrize("share", [0.001, 0.02, 0.3])
def test_noise_is_not_split_into_digits(recognize, share):
    rng = np.random.default_rng(1)
    dust = np.where(rng.random((128, 128)) < share, 0, 255).astype(np.uint8).repeat(4, 0)
    body = recognize(png(dust.repeat(4, 1))).json()
    assert len(body["digits"]) == 1


def test_long_line_is_not_a_digit(recognize):
    line = [[[x, 5 * np.sin(x / 3)] for x in range(300)]]
    assert recognize(png(draw(line, share=0.9, pen=2))).json()["number"] is None


@pytest.mark.database
def test_stores_and_corrects_each_digit_separately(visitor, store):
    response = store(number_png(4, 2), source="canvas")
    assert response.status_code == 201
    stored = response.json()
    assert stored["number"] == "42"
    first, second = stored["submissions"]
    assert visitor.correct(second["id"], 7).status_code == 200
    assert Submission.objects.get(pk=first["id"]).corrected_digit is None
    assert Submission.objects.get(pk=second["id"]).corrected_digit == Label.SEVEN


@pytest.mark.database
def test_stored_image_of_a_digit_gives_the_stored_pixels(store):
    for stored in store(number_png(4, 2)).json()["submissions"]:
        row = Submission.objects.get(pk=stored["id"])
        assert normalize(decode(bytes(row.image))).tobytes() == bytes(row.pixels)


@pytest.mark.database
def test_single_digit_is_the_same_submission_as_from_submissions(visitor, store):
    alone = visitor.submit(drawing_png(7)).json()
    del alone["incomplete"]
    response = store(drawing_png(7))
    assert response.status_code == 200
    assert response.json()["submissions"] == [alone]


@pytest.mark.database
def test_each_digit_keeps_its_own_strokes(visitor, store):
    picture = decode(number_png(4, 2))
    strokes = row_of(4, 2)
    points = np.concatenate([np.array(stroke) for stroke in strokes])
    low, high = points.min(axis=0), points.max(axis=0)
    # Scale and centre the points as draw() does, so that they lie on the ink.
    scale = 280 * 0.8 / (high - low).max()
    drawn = [
        [[*((np.array(point) - (low + high) / 2) * scale + 140).tolist(), 10 * i] for point in line]
        for i, line in enumerate(strokes)
    ]
    body = {"image": base64.b64encode(png(picture)).decode(), "strokes": drawn}
    response = visitor.post("/api/v1/numbers/", body, content_type="application/json")
    four, two = (
        visitor.get(f"/api/v1/submissions/{row['id']}/").json()["strokes"]
        for row in response.json()["submissions"]
    )
    assert [len(stroke) for stroke in four + two] == [len(stroke) for stroke in drawn]
    image = decode(bytes(Submission.objects.get(predicted_digit=Label.TWO).image))
    assert all(image[int(y), int(x)] < 128 for stroke in two for x, y, _ in stroke)


@pytest.mark.database
def test_retry_stores_nothing_twice(store):
    first = store(number_png(4, 2))
    again = store(number_png(4, 2))
    assert (first.status_code, again.status_code) == (201, 200)
    first, again = first.json(), again.json()
    assert (first.pop("is_new"), again.pop("is_new")) == ([True, True], [False, False])
    assert first == again
    assert Submission.objects.count() == 2


@pytest.mark.database
def test_retry_stores_a_deleted_digit_again(visitor, store):
    first = store(number_png(4, 2)).json()["submissions"]
    visitor.delete(f"/api/v1/submissions/{first[0]['id']}/")
    again = store(number_png(4, 2))
    assert (again.status_code, again.json()["is_new"]) == (201, [True, False])
    assert Submission.objects.count() == 2


@pytest.mark.parametrize("path", ["numbers/", "numbers/recognize/"])
def test_rejects_blank_images_and_empty_bodies(visitor, path):
    blank = visitor.post(
        f"/api/v1/{path}", {"image": upload(png(np.full((99, 99), 255, np.uint8)))}
    )
    assert (blank.status_code, blank.json()["code"]) == (400, "blank_image")
    nothing = visitor.post(f"/api/v1/{path}")
    assert (nothing.status_code, nothing.json()["code"]) == (400, "invalid")


@pytest.mark.parametrize("digits", [(4,), (4, 2)])
def test_stores_drawing_again_that_is_deleted_meanwhile(store, monkeypatch, digits):
    @contextmanager
    def delete_after_conflict():
        try:
            with transaction.atomic():
                yield
        except IntegrityError:
            Submission.objects.all().delete()
            raise

    first = store(number_png(*digits)).json()
    monkeypatch.setattr(storage, "_savepoint_if_needed", delete_after_conflict)
    response = store(number_png(*digits))
    assert response.status_code == 201
    new = {row["id"] for row in response.json()["submissions"]}
    assert new.isdisjoint(row["id"] for row in first["submissions"])
    assert Submission.objects.count() == len(new) == len(digits)
