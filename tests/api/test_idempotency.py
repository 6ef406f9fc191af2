"""The header Idempotency-Key: a repeated request is stored only once."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

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


def test_rejects_another_image_with_the_key_of_an_image_stored_without_one(visitor):
    stored = visitor.submit_and_get(drawing_png(7))
    assert send(visitor, drawing_png(7), "k1").status_code == 200
    assert Submission.objects.get().idempotency_key == "k1"
    response = send(visitor, drawing_png(3), "k1")
    assert (response.status_code, response.json()["code"]) == (409, "idempotency_key_reused")
    assert Submission.objects.get() == stored


def test_first_key_of_an_image_stays(visitor):
    visitor.submit(drawing_png(7))
    for key in ("one", "two"):
        assert send(visitor, drawing_png(7), key).status_code == 200
    assert Submission.objects.get().idempotency_key == "one"


@pytest.mark.django_db(transaction=True)
def test_simultaneous_requests_use_a_key_for_only_one_image(visitor):
    stored = {digit: visitor.submit_and_get(drawing_png(digit)).pk for digit in (3, 7)}
    ready = threading.Barrier(2)

    def retry(digit):
        other = Visitor()
        other.cookies["owner"] = visitor.cookies["owner"].value
        ready.wait()
        try:
            return send(other, drawing_png(digit), "k1").status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(retry, stored)) == [200, 409]
    assert Submission.objects.filter(idempotency_key="k1").count() == 1


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
