"""The same pictures arrive at the same moment: no request fails, and each is stored once."""

import os
import uuid
from functools import partial

import pytest

from recognizer.models import Submission
from recognizer.serving import storage
from tests.support.factories import png, upload
from tests.support.review_helpers import submissions
from tests.support.synthetic_digits import draw, row_of
from tests.support.threads import run_at_once

ROUNDS = int(os.environ.get("ROUNDS", "5"))
PICTURES = [bytes([number]) * 32 for number in range(30)]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]


def unsaved(owner, pictures):
    """Return an unsaved submission for each of the pictures, as the API makes them."""
    rows = []
    for picture in pictures:
        (row,) = submissions()
        row.delete()
        row.pk, row.owner, row.image_sha256 = uuid.uuid4(), owner, picture
        rows.append(row)
    return rows


@pytest.mark.parametrize("number", range(ROUNDS))
def test_same_digits_in_another_order_cause_no_deadlock(number):
    owner = uuid.uuid4()
    numbers = [unsaved(owner, pictures) for pictures in (PICTURES, PICTURES[::-1])]
    results = run_at_once(*[partial(storage.store_all, number) for number in numbers])
    for number, result in zip(numbers, results, strict=True):
        assert [row.image_sha256 for row in number] == [
            bytes(row.image_sha256) for row, _ in result
        ]
    assert sum(is_new for result in results for _, is_new in result) == len(PICTURES)
    assert Submission.objects.count() == len(PICTURES)


def test_submissions_are_in_the_order_of_the_digits(visitor):
    for digits in ((7, 0), (0, 7), (4, 4), (9, 1, 2)):
        image = png(draw(row_of(*digits), share=0.8, pen=14))
        body = visitor.post("/api/v1/numbers/", {"image": upload(image)}).json()
        assert [row["digit"] for row in body["submissions"]] == list(digits)
        assert body["number"] == "".join(map(str, digits))


def test_stores_a_picture_that_others_store_and_delete():
    owner, threads = uuid.uuid4(), 3
    rows = unsaved(owner, PICTURES[:1] * 150 * threads)

    def store(number):
        for row in rows[number::threads]:
            stored, _ = storage.store(row)
            assert stored.owner == owner

    def delete():
        for _ in range(150):
            Submission.objects.owned_by(owner).delete()

    stores = [partial(store, number) for number in range(threads)]
    assert run_at_once(*stores, delete, delete) == [None] * (threads + 2)
    assert Submission.objects.count() <= 1
