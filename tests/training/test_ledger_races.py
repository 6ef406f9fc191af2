"""Deletions race with the end of a training run: nothing fails, and no entry is left behind."""

import os
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier, Event

import numpy as np
import pytest
from django.db import connection, transaction
from django.db.models import Sum

from recognizer.accounts import deletion, ownership
from recognizer.models import DeletedEntryCount, LedgerEntry, Submission, pseudonym
from recognizer.serving import model_registry
from recognizer.training import ledger
from recognizer.training.training_data import labelled_rows
from tests.support.factories import approved_submissions, create_version

ROUNDS = int(os.environ.get("ROUNDS", "5"))
DRAWINGS = 30

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]


def in_threads(*functions):
    """Run the functions at the same time, and raise their first error."""
    barrier = Barrier(len(functions))

    def run(function):
        try:
            barrier.wait()
            function()
        finally:
            connection.close()

    with ThreadPoolExecutor() as threads:
        for future in [threads.submit(run, function) for function in functions]:
            future.result()


@pytest.mark.parametrize("number", range(ROUNDS))
def test_deletion_during_the_end_of_a_training(number):
    owner = uuid.uuid4()
    ink = np.random.default_rng(number).integers(0, 256, (DRAWINGS, 28, 28), np.uint8)
    approved_submissions(owner, ink, [1] * DRAWINGS)
    rows = list(labelled_rows(include_pending=False))
    version = create_version(model_registry.live_version())

    def record():
        with transaction.atomic():
            ledger.record(version, rows)

    def delete_some():
        Submission.objects.filter(pk__in=[row.id for row in rows[::3]]).delete()

    def delete_one_by_one():
        for row in rows[-1::-3]:
            Submission.objects.filter(pk=row.id).delete()

    in_threads(record, delete_some, delete_one_by_one)
    counted = DeletedEntryCount.objects.aggregate(total=Sum("count"))["total"] or 0
    remaining = set(Submission.objects.values_list("pk", flat=True))
    assert set(LedgerEntry.objects.values_list("submission", flat=True)) == remaining
    assert len(remaining) + counted == DRAWINGS


def test_deletion_names_the_version_that_is_being_stored():
    """The deletion waits for the end of the training, and then knows of its entries."""
    owner = uuid.uuid4()
    ink = np.random.default_rng(0).integers(0, 256, (1, 28, 28), np.uint8)
    approved_submissions(owner, ink, [1])
    rows = list(labelled_rows(include_pending=False))
    version = create_version(model_registry.live_version())
    recorded = Event()

    def record():
        with transaction.atomic():
            ledger.record(version, rows)
            recorded.set()
            time.sleep(0.5)

    def delete():
        recorded.wait()
        assert deletion.delete(Submission.objects.owned_by(owner)) == [version.number]

    in_threads(record, delete)


def test_log_in_at_the_end_of_a_training():
    """Both lock the drawings in the same order, so there is no deadlock."""
    anonymous, account = uuid.uuid4(), uuid.uuid4()
    ink = np.random.default_rng(0).integers(0, 256, (200, 28, 28), np.uint8)
    approved_submissions(anonymous, ink, [1] * 200)
    rows = list(labelled_rows(include_pending=False))
    version = create_version(model_registry.live_version())

    def record():
        with transaction.atomic():
            ledger.record(version, rows)

    in_threads(record, lambda: ownership._merge(anonymous, account))
    assert set(LedgerEntry.objects.values_list("owner", flat=True)) == {pseudonym(account)}


def test_simultaneous_requests_after_a_login_count_deleted_drawings_once():
    account, version = uuid.uuid4(), create_version(model_registry.live_version())
    for _ in range(10):
        anonymous = uuid.uuid4()
        DeletedEntryCount.add(version.pk, pseudonym(anonymous), 1)
        in_threads(*[partial(ownership._merge, anonymous, account)] * 4)
    assert DeletedEntryCount.objects.get().count == 10
