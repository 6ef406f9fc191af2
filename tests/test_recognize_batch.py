"""POST /api/v1/recognize/batch/: up to 64 images, the answers in their order."""

import base64
import json

import pytest
from kit import drawing, upload

from recognizer.models import Submission

URL = "/api/v1/recognize/batch/"


def send(visitor, images):
    return visitor.post(URL, json.dumps({"images": images}), content_type="application/json")


def text(image):
    return base64.b64encode(image).decode()


def test_it_works(visitor):
    response = visitor.post(URL, {"images": [upload(drawing(digit)) for digit in (3, 7, 0)]})
    assert response.status_code == 200
    results = response.json()["results"]
    assert [result["answer"]["digit"] for result in results] == [3, 7, 0]
    assert [result["error"] for result in results] == [None] * 3
    assert results[1]["answer"] == visitor.recognize(drawing(7)).json()
    assert not Submission.objects.exists()


def test_a_bad_image_spoils_only_its_own_answer(visitor):
    bad = ["????", text(b"no image"), text(b"")]
    response = send(visitor, [text(drawing(3)), *bad, text(drawing(7))])
    assert response.status_code == 200
    results = response.json()["results"]
    assert [result["answer"] and result["answer"]["digit"] for result in results] == [
        3, None, None, None, 7
    ]  # fmt: skip
    assert [result["error"] and result["error"]["code"] for result in results] == [
        None, "not_base64", "not_an_image", "not_an_image", None
    ]  # fmt: skip


def test_64_and_no_more(visitor):
    image = text(drawing(7))
    assert len(send(visitor, [image] * 64).json()["results"]) == 64
    response = send(visitor, [image] * 65)
    assert (response.status_code, response.json()["code"]) == (400, "invalid")
    assert list(response.json()["fields"]) == ["images"]


@pytest.mark.parametrize(
    "body",
    [{}, {"images": []}, {"images": "x"}, {"image": "x"}, {"images": [5]}, {"images": ["data:,"]}],
)
def test_no_images(visitor, body):
    response = visitor.post(URL, json.dumps(body), content_type="application/json")
    assert (response.status_code, response.json()["code"]) == (400, "invalid")


def test_each_image_counts(visitor, settings):
    settings.QUOTAS = {"recognize": 5}
    image = text(drawing(7))
    assert send(visitor, [image] * 4).status_code == 200
    response = send(visitor, [image] * 2)
    assert (response.status_code, response.json()["code"]) == (429, "throttled")
    assert int(response["Retry-After"]) > 0


def test_a_text_in_a_form_is_no_file(visitor):
    response = visitor.post(URL, {"images": text(drawing(7))})
    assert (response.status_code, list(response.json()["fields"])) == (400, ["images"])
