"""POST /api/v1/submissions/: predict a drawing and store it once."""

import base64
import io
import json

import numpy as np
import pytest
from django.db import connection
from PIL import Image, PngImagePlugin

from ml.preprocessing.decode import decode
from ml.preprocessing.normalize import normalize
from recognizer.models import Submission
from tests.support.factories import Visitor, drawing_png, png
from tests.support.synthetic_digits import draw, strokes_of

pytestmark = pytest.mark.database

STROKES = [[[10, 20.5, 0], [30, 40, 16]], [[50, 60, 300]]]


def test_stores_the_prediction(visitor):
    response = visitor.submit(drawing_png(7), source="canvas", strokes=json.dumps(STROKES))
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


def test_response_row_and_image_have_the_same_pixels(visitor):
    """The model input is the same in the response, in the row and in the stored image."""
    row = visitor.submit_and_get(drawing_png(3))
    pixels = bytes(row.pixels)
    assert normalize(decode(bytes(row.image))).tobytes() == pixels
    assert normalize(decode(drawing_png(3))).tobytes() == pixels
    url = visitor.get(f"/api/v1/submissions/{row.id}/").json()["model_input"]
    assert decode(base64.b64decode(url.partition(",")[2])).tobytes() == pixels


def test_strips_metadata(visitor):
    info = PngImagePlugin.PngInfo()
    info.add_text("Author", "somebody")
    row = visitor.submit_and_get(png(Image.open(io.BytesIO(drawing_png())), pnginfo=info))
    assert b"somebody" not in bytes(row.image)
    assert Image.open(io.BytesIO(bytes(row.image))).info == {}


def test_retry_is_stored_once(visitor):
    first = visitor.submit(drawing_png())
    second = visitor.submit(drawing_png())
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["id"] == second.json()["id"]
    assert Submission.objects.count() == 1


def test_same_image_of_another_visitor_is_another_submission(visitor):
    visitor.submit(drawing_png())
    assert Visitor().submit(drawing_png()).status_code == 201
    assert Submission.objects.count() == 2


def test_all_submissions_of_a_visitor_have_one_owner(visitor):
    visitor.submit(drawing_png(1))
    visitor.submit(drawing_png(2))
    assert len(set(Submission.objects.values_list("owner", flat=True))) == 1


def test_submissions_stay_visible_after_login(visitor, django_user_model):
    django_user_model.objects.create_user("ana", password="a long password")
    row = visitor.submit_and_get()
    visitor.post("/login/", {"username": "ana", "password": "a long password"})
    assert visitor.get(f"/api/v1/submissions/{row.id}/").status_code == 200


def test_returns_the_stored_image(visitor):
    body = visitor.submit(drawing_png(5)).json()
    response = visitor.get(body["image"])
    assert response["Content-Type"] == "image/png"
    expected = draw(strokes_of(5, np.random.default_rng(0)))
    assert (np.asarray(Image.open(io.BytesIO(response.content))) == expected).all()


@pytest.mark.parametrize(("sent", "stored"), [([[], *STROKES, []], STROKES), ([[]], []), ([], [])])
def test_leaves_out_strokes_without_points(visitor, sent, stored):
    assert visitor.submit(strokes=json.dumps(sent)).status_code == 201
    assert Submission.objects.get().strokes == stored


@pytest.mark.parametrize(
    "strokes",
    [
        "",
        "invalid",
        "{}",
        "[1]",
        "[[1]]",
        "[[[1, 2]]]",
        '[[[1, 2, "3"]]]',
        "[[[1, 2, NaN]]]",
        "[[[1, 2, 1e9]]]",
        "[[[1, 2, true]]]",
        json.dumps([[]] * 201),
        json.dumps([[[0, 0, 0]] * 2001]),
        "[[[1, 86400001, 0]]]",
        "[" * 100_000,
    ],
    ids=range(14),
)
def test_rejects_invalid_strokes(visitor, strokes):
    response = visitor.submit(strokes=strokes)
    assert response.status_code == 400
    assert list(response.json()["fields"]) == ["strokes"]
    assert not Submission.objects.exists()


@pytest.mark.parametrize("source", ["pigeon", ""])
def test_rejects_unknown_sources(visitor, source):
    response = visitor.submit(source=source)
    assert response.status_code == 400
    assert list(response.json()["fields"]) == ["source"]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="fills SQLite's file")
@pytest.mark.django_db(transaction=True)
def test_full_disk_loses_no_submission_with_status_201(visitor):
    visitor.submit(drawing_png(0))
    with connection.cursor() as cursor:
        # Earlier tests left free pages in the file, which VACUUM removes.
        cursor.execute("VACUUM")
        pages = cursor.execute("PRAGMA page_count").fetchone()[0]
        cursor.execute(f"PRAGMA max_page_count = {pages + 4}")
    try:
        responses = [visitor.submit(drawing_png(3, seed)) for seed in range(12)]
    finally:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA max_page_count = 1073741823")
    assert responses[-1].status_code == 503
    assert responses[-1].json()["code"] == "unavailable"
    assert {response.status_code for response in responses} <= {201, 503}
    stored = sum(response.status_code == 201 for response in responses)
    assert Submission.objects.count() == 1 + stored
