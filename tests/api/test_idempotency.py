"""The header Idempotency-Key: a repeated request is stored only once."""

import pytest

from recognizer.models import Submission
from tests.support.factories import Visitor, drawing_png, upload

pytestmark = pytest.mark.database


def send(visitor, image, key):
    body = {"image": upload(image)}
    return visitor.post("/api/v1/submissions/", body, headers={"Idempotency-Key": key})


def test_retry_is_stored_once(visitor):
    first, second = (send(visitor, drawing_png(7), "my-7") for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["id"] == second.json()["id"]
    assert Submission.objects.get().idempotency_key == "my-7"


def test_rejects_another_image_with_the_same_key(visitor):
    send(visitor, drawing_png(7), "my-7")
    response = send(visitor, drawing_png(3), "my-7")
    assert (response.status_code, response.json()["code"]) == (409, "idempotency_key_reused")
    assert Submission.objects.count() == 1


def test_rejects_another_stored_image_with_the_same_key(visitor):
    send(visitor, drawing_png(7), "my-7")
    assert visitor.submit(drawing_png(3)).status_code == 201
    response = send(visitor, drawing_png(3), "my-7")
    assert (response.status_code, response.json()["code"]) == (409, "idempotency_key_reused")
    assert Submission.objects.count() == 2


def test_same_image_with_another_key_is_the_same_submission(visitor):
    first = send(visitor, drawing_png(7), "one")
    second = send(visitor, drawing_png(7), "two")
    assert (second.status_code, second.json()["id"]) == (200, first.json()["id"])


def test_keys_of_different_owners_do_not_collide(visitor):
    assert send(visitor, drawing_png(7), "my-7").status_code == 201
    assert send(Visitor(), drawing_png(3), "my-7").status_code == 201


def test_submissions_without_a_key_do_not_collide(visitor):
    assert [visitor.submit(drawing_png(3, seed)).status_code for seed in range(3)] == [201] * 3


@pytest.mark.parametrize("key", ["", " ", "x" * 65, "two words"])
def test_rejects_invalid_keys(visitor, key):
    response = send(visitor, drawing_png(7), key)
    assert response.status_code == 400
    assert list(response.json()["fields"]) == ["Idempotency-Key"]
    assert not Submission.objects.exists()
