"""The same pictures arrive while a login moves them: no request fails, and no drawing is lost."""

import os
import threading
import uuid
from functools import partial

import pytest
from django.db import connection

from recognizer.accounts import ownership
from recognizer.models import Label, Submission
from recognizer.serving import storage
from tests.support.review_helpers import submissions
from tests.support.threads import run_at_once

ROUNDS = int(os.environ.get("ROUNDS", "5"))
PICTURES = [bytes([number]) * 32 for number in range(20)]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]


@pytest.fixture
def owners():
    """Return the ids of an anonymous visitor and of an account."""
    return uuid.uuid4(), uuid.uuid4()


def store(owner, pictures):
    """Store pictures as the API does."""
    (row,) = submissions()
    for picture in pictures:
        row.pk, row.owner, row.image_sha256 = uuid.uuid4(), owner, picture
        storage.store(row)


def pictures_of(owner):
    """Return the pictures of an owner. Each of them must occur only once."""
    pictures = [bytes(row.image_sha256) for row in Submission.objects.owned_by(owner)]
    assert len(pictures) == len(set(pictures))
    return set(pictures)


@pytest.mark.parametrize("number", range(ROUNDS))
def test_same_pictures_arrive_during_merges(owners, number):
    anonymous, account = owners
    merge = partial(ownership._merge, anonymous, account)

    def merge_often():
        for _ in PICTURES:
            merge()

    results = run_at_once(
        lambda: store(anonymous, PICTURES),
        lambda: store(account, reversed(PICTURES)),
        merge_often,
        merge_often,
    )
    assert results == [None] * 4
    merge()
    assert pictures_of(account) == set(PICTURES)
    assert not pictures_of(anonymous)


@pytest.mark.skipif(connection.vendor == "sqlite", reason="a merge excludes all other writers")
def test_approved_drawing_replaces_a_copy_that_arrives_during_the_merge(owners, reviewer):
    anonymous, account = owners
    (approved,) = submissions(owner=anonymous, image_sha256=PICTURES[0])
    approved.approve(reviewer, Label.SEVEN)
    moving, arrived = threading.Event(), threading.Event()

    def pause(execute, sql, params, many, context):
        """Let the copy arrive after the merge has looked for copies, and before it moves rows."""
        if sql.startswith(f'UPDATE "{Submission._meta.db_table}" SET "owner"'):
            moving.set()
            assert arrived.wait(10)
        return execute(sql, params, many, context)

    def merge():
        with connection.execute_wrapper(pause):
            ownership._merge(anonymous, account)

    def arrive():
        assert moving.wait(10)
        store(account, PICTURES[:1])
        arrived.set()

    assert run_at_once(merge, arrive) == [None, None]
    kept = Submission.objects.get(image_sha256=PICTURES[0])
    assert (kept.pk, kept.owner, kept.label) == (approved.pk, account, Label.SEVEN)
