"""Changes of many drawings lock them in the same order as a deletion, so no deadlock fails them."""

import threading
import time
import uuid
from datetime import timedelta

import numpy as np
import pytest
from django.db import transaction
from django.utils import timezone

from recognizer.accounts import deletion, ownership
from recognizer.datasets import Row, importer
from recognizer.models import Review, Submission
from recognizer.review import decisions
from recognizer.serving import model_registry
from recognizer.training import label_check
from recognizer.training.training_data import Drawings, labelled_rows
from tests.support.review_helpers import submissions
from tests.support.threads import run_at_once

DRAWINGS = 60
WAITING = 0.5  # seconds

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]


@pytest.fixture
def owner():
    return uuid.uuid4()


def store(owner, **fields):
    """Store drawings of an owner: the highest id first, with the latest time.

    So the order in the table and the order by time are the opposite of the order of the ids.
    """
    now = timezone.now()
    for number in range(DRAWINGS):
        pk, created = uuid.UUID(int=DRAWINGS - number), now - timedelta(seconds=number)
        submissions(owner=owner, pk=pk, created=created, **fields)


def run_while_one_is_locked(*functions):
    """Call the functions at the same moment, while another transaction locks the middle drawing.

    Each function then waits with the drawings locked that it reached before. If they lock in
    different orders, each has drawings that the other one needs.
    """
    is_locked = threading.Event()

    def lock():
        with transaction.atomic():
            Submission.objects.filter(pk=uuid.UUID(int=DRAWINGS // 2)).lock()
            is_locked.set()
            time.sleep(WAITING)

    def after_lock(function):
        def call():
            assert is_locked.wait(10)
            with transaction.atomic():
                function()

        return call

    results = run_at_once(lock, *[after_lock(function) for function in functions])
    assert results == [None] * (len(functions) + 1)


def delete(owner):
    return lambda: deletion.delete(Submission.objects.owned_by(owner))


def test_forget_the_memory(owner):
    store(owner, corrected_digit=3, corrected_at=timezone.now())
    run_while_one_is_locked(lambda: Submission.objects.owned_by(owner).forget(), delete(owner))
    assert not Submission.objects.exists()


def test_forget_the_memory_at_a_login(owner):
    account = uuid.uuid4()
    store(owner, corrected_digit=3, corrected_at=timezone.now())
    run_while_one_is_locked(
        lambda: Submission.objects.owned_by(owner).forget(),
        lambda: ownership._try_to_merge(owner, account),
    )
    assert Submission.objects.owned_by(account).count() == DRAWINGS


def test_undo_a_bulk_review(owner, reviewer):
    at = timezone.now()
    store(owner, review=Review.APPROVED, label=7, reviewed_by=reviewer, reviewed_at=at)
    run_while_one_is_locked(lambda: decisions.undo_bulk(reviewer, at), delete(owner))
    assert not Submission.objects.exists()


def test_undo_the_flags_of_a_bulk_review(owner):
    store(owner, flagged=True)
    rounds = {str(row.pk): 1 for row in Submission.objects.all()}
    run_while_one_is_locked(lambda: decisions.unflag(rounds), delete(owner))
    assert not Submission.objects.exists()


def test_training_run_finds_that_labels_are_not_doubtful_any_more(owner):
    store(owner, review=Review.APPROVED, label=7, label_noise=0.9)
    rows = list(labelled_rows(include_pending=False))
    drawings = Drawings(rows, np.zeros((DRAWINGS, 28, 28), np.uint8), np.full(DRAWINGS, 7))
    live = model_registry.loaded_version().recognizer
    run_while_one_is_locked(
        lambda: label_check.store_label_noise(drawings, np.zeros(DRAWINGS, bool), live),
        delete(owner),
    )
    assert not Submission.objects.exists()


def test_import_of_a_test_split(owner, reviewer):
    store(owner, source="import", review=Review.APPROVED, label=7)
    stored = Submission.objects.order_by("-pk")
    rows = [Row(bytes(row.pixels), 7, "test", row.pk) for row in stored]
    run_while_one_is_locked(
        lambda: importer.load(rows, by=reviewer, report=lambda counts: None),
        delete(owner),
    )
    assert not Submission.objects.filter(for_evaluation=False).exists()
