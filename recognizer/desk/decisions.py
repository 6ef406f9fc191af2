"""What reviewers decide: once for each submission, whoever is first."""

from datetime import datetime
from typing import Any
from uuid import UUID

from recognizer.desk import queue
from recognizer.models import (
    UNCLAIMED,
    AlreadyReviewedError,
    Answer,
    Review,
    SecondLook,
    Submission,
)


def decide(submission: Submission, reviewer: Any, label: Answer | None) -> bool:
    """Approve it as `label`, or with None reject it; False where that changes nothing.

    Raises `AlreadyReviewedError` where somebody else was faster.
    """
    if submission.review == Review.PENDING:
        if label is None:
            submission.reject(reviewer)
        else:
            submission.approve(reviewer, label)
        return True
    if submission.reviewed_by_id == reviewer.pk and submission.label == label:
        return False  # the answer to the first try was lost on the way
    if look := _look(submission, reviewer):
        look.answer(label)
        return False
    raise AlreadyReviewedError


def take_back(submission: Submission, reviewer: Any) -> bool:
    """Undo what this reviewer did with it, and put it on their desk again; as `decide`."""
    mine = submission.reviewed_by_id == reviewer.pk
    if mine:
        submission.reopen()
    elif look := _look(submission, reviewer):
        look.take_back()
        return False
    elif submission.review != Review.PENDING:
        raise AlreadyReviewedError
    queue.give_back(submission, reviewer)
    return mine


def _look(submission: Submission, reviewer: Any) -> SecondLook | None:
    """Only of what another reviewer has decided."""
    if submission.review == Review.PENDING or submission.reviewed_by_id == reviewer.pk:
        return None
    looks = SecondLook.objects.filter(submission=submission, reviewer=reviewer)
    return looks.select_related("submission").first()


def sweep(
    label: Answer, shown: set[UUID], odd: set[UUID], *, reject: bool, reviewer: Any, at: datetime
) -> tuple[int, int]:
    """Approve what a grid of `label` has shown, all but the odd ones; returns how many of both.

    The odd ones are rejected, or come first in the queue. What somebody has decided meanwhile
    stays as it is.
    """
    rest = Submission.objects.filter(pk__in=shown - odd)
    odd_ones = Submission.objects.filter(pk__in=odd)
    approved = rest.review_pending(Review.APPROVED, reviewer, label, at)
    if reject:
        return approved, odd_ones.review_pending(Review.REJECTED, reviewer, None, at)
    return approved, odd_ones.pending().update(found_odd=True, **UNCLAIMED)


def take_back_sweep(reviewer: Any, at: datetime) -> list[Submission]:
    """Undo the sweep of that moment, all but what somebody has changed since."""
    swept = Submission.objects.filter(reviewed_by=reviewer, reviewed_at=at)
    rows = list(swept.only("predicted_digit"))
    swept.reopen()
    return rows
