"""POST /api/v1/recognize/batch/: predict the digits in up to 64 images."""

import base64
import json

import pytest

from recognizer.models import Submission
from tests.support.factories import drawing_png, upload

URL = "/api/v1/recognize/batch/"


def send(visitor, images):
    return visitor.post(URL, json.dumps({"images": images}), content_type="application/json")


def to_base64(image):
    return base64.b64encode(image).decode()


def test_returns_the_predictions_in_order_and_stores_nothing(visitor):
    response = visitor.post(URL, {"images": [upload(drawing_png(digit)) for digit in (3, 7, 0)]})
    assert response.status_code == 200
    results = response.json()["results"]
    assert [result["prediction"]["digit"] for result in results] == [3, 7, 0]
    assert [result["error"] for result in results] == [None] * 3
    assert results[1]["prediction"] == visitor.recognize(drawing_png(7)).json()
    assert not Submission.objects.exists()


def test_invalid_image_does_not_affect_the_others(visitor):
    bad = ["????", to_base64(b"no image"), to_base64(b"")]
    response = send(visitor, [to_base64(drawing_png(3)), *bad, to_base64(drawing_png(7))])
    assert response.status_code == 200
    results = response.json()["results"]
    assert [result["prediction"] and result["prediction"]["digit"] for result in results] == [
        3, None, None, None, 7
    ]  # fmt: skip
    assert [result["error"] and result["error"]["code"] for result in results] == [
        None, "not_base64", "not_an_image", "not_an_image", None
    ]  # fmt: skip


def test_rejects_more_than_64_images(visitor):
    image = to_base64(drawing_png(7))
    assert len(send(visitor, [image] * 64).json()["results"]) == 64
    response = send(visitor, [image] * 65)
    assert (response.status_code, response.json()["code"]) == (400, "invalid")
    assert list(response.json()["fields"]) == ["images"]


@pytest.mark.parametrize(
    "body",
    [{}, {"images": []}, {"images": "x"}, {"image": "x"}, {"images": [5]}, {"images": ["data:,"]}],
)
def test_rejects_invalid_bodies(visitor, body):
    response = visitor.post(URL, json.dumps(body), content_type="application/json")
    assert (response.status_code, response.json()["code"]) == (400, "invalid")


def test_each_image_counts_towards_the_rate_limit(visitor, settings):
    settings.QUOTAS = {"recognize": 5}
    image = to_base64(drawing_png(7))
    assert send(visitor, [image] * 4).status_code == 200
    response = send(visitor, [image] * 2)
    assert (response.status_code, response.json()["code"]) == (429, "throttled")
    assert int(response["Retry-After"]) > 0


def test_rejects_text_in_a_form(visitor):
    response = visitor.post(URL, {"images": to_base64(drawing_png(7))})
    assert (response.status_code, list(response.json()["fields"])) == (400, ["images"])
