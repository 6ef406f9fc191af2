"""POST /api/v1/submissions/: a drawing is read and stored, once."""

import base64
import io
import json

import numpy as np
import pytest
from django.db import connection
from handwriting import draw, strokes_of
from kit import Visitor, drawing, png
from PIL import Image, PngImagePlugin

from ml.decode import decode
from ml.normalize import normalize
from recognizer.models import Submission

STROKES = [[[10, 20.5, 0], [30, 40, 16]], [[50, 60, 300]]]


def test_it_works(visitor):
    response = visitor.submit(drawing(7), source="canvas", strokes=json.dumps(STROKES))
    assert response.status_code == 201
    body = response.json()
    assert response["Location"].endswith(f"/api/v1/submissions/{body['id']}/")
    row = Submission.objects.get()
    assert (str(row.id), row.predicted_digit, row.source, row.review) == (
        body["id"],
        7,
        "canvas",
        "pending",
    )
    assert row.strokes == STROKES
    assert row.confidence == body["confidence"]
    assert row.probabilities == body["probabilities"]
    assert row.model_version.number == body["model_version"] == 1
    assert body["digit"] == 7
    assert body["correction"] is None
    assert body["label"] is None


def test_what_was_seen_is_what_is_kept(visitor):
    """The 28×28 of the answer, of the row, and of the stored picture are the same bytes."""
    row = visitor.submitted(drawing(3))
    seen = bytes(row.pixels)
    assert normalize(decode(bytes(row.image))).tobytes() == seen
    assert normalize(decode(drawing(3))).tobytes() == seen
    url = visitor.get(f"/api/v1/submissions/{row.id}/").json()["seen"]
    assert decode(base64.b64decode(url.partition(",")[2])).tobytes() == seen


def test_metadata_is_stripped(visitor):
    info = PngImagePlugin.PngInfo()
    info.add_text("Author", "somebody")
    row = visitor.submitted(png(Image.open(io.BytesIO(drawing())), pnginfo=info))
    assert b"somebody" not in bytes(row.image)
    assert Image.open(io.BytesIO(bytes(row.image))).info == {}


def test_a_retry_is_stored_once(visitor):
    first = visitor.submit(drawing())
    second = visitor.submit(drawing())
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["id"] == second.json()["id"]
    assert Submission.objects.count() == 1


def test_a_retry_is_stored_once_though_the_first_answer_was_lost_with_its_cookie(visitor):
    visitor.get("/")
    retry = Visitor()
    retry.cookies.update(visitor.cookies)
    assert visitor.submit(drawing()).status_code == 201
    assert retry.submit(drawing()).status_code == 200


def test_the_same_picture_of_another_visitor_is_another_submission(visitor):
    visitor.submit(drawing())
    assert Visitor().submit(drawing()).status_code == 201
    assert Submission.objects.count() == 2


def test_one_visitor_is_one_owner(visitor):
    visitor.submit(drawing(1))
    visitor.submit(drawing(2))
    assert len(set(Submission.objects.values_list("owner", flat=True))) == 1


def test_drawings_stay_ones_own_after_logging_in(visitor, django_user_model):
    django_user_model.objects.create_user("ana", password="a long password")
    row = visitor.submitted()
    visitor.post("/login/", {"username": "ana", "password": "a long password"})
    assert visitor.get(f"/api/v1/submissions/{row.id}/").status_code == 200


def test_the_picture(visitor):
    body = visitor.submit(drawing(5)).json()
    response = visitor.get(body["image"])
    assert response["Content-Type"] == "image/png"
    expected = draw(strokes_of(5, np.random.default_rng(0)))
    assert (np.asarray(Image.open(io.BytesIO(response.content))) == expected).all()


@pytest.mark.parametrize(
    "strokes",
    [
        "",
        "rubbish",
        "{}",
        "[1]",
        "[[1]]",
        "[[[1, 2]]]",
        '[[[1, 2, "3"]]]',
        "[[[1, 2, NaN]]]",
        "[[[1, 2, 1e9]]]",
        "[[[1, 2, true]]]",
        json.dumps([[]] * 201),
        json.dumps([[[0, 0, 0]] * 10_001]),
        "[" * 100_000,
    ],
    ids=range(13),
)
def test_strokes_that_are_none(visitor, strokes):
    response = visitor.submit(strokes=strokes)
    assert response.status_code == 400
    assert list(response.json()["fields"]) == ["strokes"]
    assert not Submission.objects.exists()


@pytest.mark.parametrize("source", ["pigeon", ""])
def test_unknown_source(visitor, source):
    response = visitor.submit(source=source)
    assert response.status_code == 400
    assert list(response.json()["fields"]) == ["source"]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="fills SQLite's file")
@pytest.mark.django_db(transaction=True)
def test_a_full_disk_loses_nothing_that_was_answered_with_201(visitor):
    visitor.submit(drawing(0))
    with connection.cursor() as cursor:
        cursor.execute("VACUUM")  # what earlier tests have deleted leaves room in the file
        pages = cursor.execute("PRAGMA page_count").fetchone()[0]
        cursor.execute(f"PRAGMA max_page_count = {pages + 4}")
    try:
        answers = [visitor.submit(drawing(3, seed)) for seed in range(12)]
    finally:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA max_page_count = 1073741823")
    assert answers[-1].status_code == 503
    assert answers[-1].json()["code"] == "unavailable"
    assert {answer.status_code for answer in answers} <= {201, 503}
    stored = sum(answer.status_code == 201 for answer in answers)
    assert Submission.objects.count() == 1 + stored
