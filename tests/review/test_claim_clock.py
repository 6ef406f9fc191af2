"""Hosts whose clocks differ agree on which submissions are claimed and snoozed.

The clock of a host is `timezone.now`. The ends of claims are stored and compared with the
database's clock.
"""

from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone

from recognizer.models import Submission
from recognizer.review import queue
from tests.support.review_helpers import ids, submissions

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture(params=[-2, 2])
def shift_clock(request, monkeypatch):
    """Return a function that shifts the clock of this host by two hours."""
    right, shift = timezone.now, timedelta(hours=request.param)
    return lambda: monkeypatch.setattr(timezone, "now", lambda: right() + shift)


def wait(**duration):
    """Let time pass for all claims."""
    Submission.objects.update(claimed_until=F("claimed_until") - timedelta(**duration))


def test_claim_of_a_host_with_the_right_clock_counts(reviewer, ada, shift_clock):
    rows = submissions(2)
    queue.claim(reviewer)
    shift_clock()
    wait(minutes=4)
    assert queue.claim(ada) == []
    assert queue.count_claimed_by_others(ada) == 2
    wait(minutes=2)
    assert queue.count_claimed_by_others(ada) == 0
    assert set(ids(queue.claim(ada))) == set(ids(rows))


def test_claim_of_a_host_with_a_wrong_clock_counts(reviewer, ada, shift_clock, monkeypatch):
    shift_clock()
    submissions(2)
    queue.claim(reviewer)
    monkeypatch.undo()
    wait(minutes=4)
    assert queue.claim(ada) == []
    wait(minutes=2)
    assert len(queue.claim(ada)) == 2


def test_snooze_ends_after_an_hour(reviewer, shift_clock, monkeypatch):
    shift_clock()
    (row,) = submissions()
    queue.snooze(row, reviewer)
    monkeypatch.undo()
    wait(minutes=58)
    assert queue.claim(reviewer) == []
    assert queue.count_snoozed() == 1
    wait(minutes=3)
    assert queue.count_snoozed() == 0
    assert queue.claim(reviewer) == [row]


def test_undo_and_bulk_review_use_the_same_clock(reviewer, ada, shift_clock, monkeypatch):
    shift_clock()
    (row,) = submissions()
    queue.reclaim(row, reviewer)
    monkeypatch.undo()
    assert queue.claim(ada) == []
    wait(minutes=6)
    assert queue.claim_similar(ada, row.predicted_digit) == [row]
