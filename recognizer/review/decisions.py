"""Store and undo decisions about submissions. The first decision counts, until it is undone."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from recognizer.models import (
    UNCLAIMED,
    AlreadyReviewedError,
    BlindReview,
    CorrectionChangedError,
    Label,
    Review,
    Submission,
)
from recognizer.review import queue


class NewerDecisionError(Exception):
    """Raised when the reviewer has made another decision, so this one is not undone or stored."""


class BulkResult(NamedTuple):
    """How many submissions a bulk review approved, rejected and flagged.

    `previous_rounds` maps the id of each submission that was not flagged before to its round in the
    queue. `unflag` needs it.
    """

    approved: int
    rejected: int
    flagged: int
    previous_rounds: dict[str, int]

    @property
    def can_be_undone(self) -> bool:
        """Return whether the bulk review changed anything that it can undo."""
        return bool(self.approved or self.rejected or self.previous_rounds)


def decide(
    submission: Submission, reviewer: Any, label: Label | None, *, corrected_at: datetime | None
) -> bool:
    """Approve the submission as `label`, or reject it if `label` is None.

    `corrected_at` is the time of the correction that the reviewer saw.

    Return whether the submission changed. It does not change for a blind review, or if this
    reviewer has already made the same decision. Raises `AlreadyReviewedError` if the submission has
    a decision, and neither of these cases applies. Raises `CorrectionChangedError` if the visitor
    has changed the correction since, and `NewerDecisionError` if this reviewer has already made
    another decision in the blind review. Raises `Submission.DoesNotExist` if the submission was
    deleted meanwhile.
    """
    if submission.review == Review.PENDING:
        if submission.corrected_at != corrected_at:
            raise CorrectionChangedError
        if label is None:
            submission.reject(reviewer)
        else:
            submission.approve(reviewer, label)
        return True
    if _is_repeated(submission, reviewer, label):
        return False
    if blind_review := _blind_review(submission, reviewer):
        if not blind_review.record(label):
            raise NewerDecisionError
        return False
    raise AlreadyReviewedError


def _is_repeated(submission: Submission, reviewer: Any, label: Label | None) -> bool:
    """Return whether this reviewer has already made the same decision.

    A page repeats a request if the response got lost.
    """
    return submission.reviewed_by_id == reviewer.pk and submission.label == label


def decide_doubtful_label(
    submission: Submission, reviewer: Any, label: Label | None, *, seen_at: datetime | None
) -> bool:
    """Approve an approved submission again as `label`, or reject it if `label` is None.

    If the submission already has this label, the label is confirmed, so that training runs do not
    doubt it again. `seen_at` is the time of the review that the reviewer saw.

    Return whether the submission changed. It does not change if this reviewer has already made the
    same decision. Raises `AlreadyReviewedError` if the submission has another review than the one
    seen, and it is not the same decision.
    """
    if submission.review != Review.APPROVED or submission.reviewed_at != seen_at:
        if _is_repeated(submission, reviewer, label):
            return False
        raise AlreadyReviewedError
    if label is None:
        submission.reject(reviewer)
    elif label == submission.label:
        submission.confirm_label(reviewer)
    else:
        submission.approve(reviewer, label)
    return True


def time_of_decision(submission: Submission, reviewer: Any) -> datetime | None:
    """Return when this reviewer decided, also in a blind review, or None without a decision."""
    if submission.reviewed_by_id == reviewer.pk:
        return submission.reviewed_at
    blind_review = _blind_review(submission, reviewer)
    return blind_review.answered_at if blind_review else None


def undo(submission: Submission, reviewer: Any, *, decided_at: datetime | None) -> bool:
    """Undo this reviewer's decision or skip, and claim the submission for them again.

    `decided_at` is the time of the decision, or None for a skip.

    Return whether the submission was reopened. For a blind review, the blind decision is undone,
    and the submission does not change. Raises `NewerDecisionError` if this reviewer's decision has
    another time. Raises `AlreadyReviewedError` if another reviewer has decided, and this reviewer
    has no blind review of the submission.
    """
    if time_of_decision(submission, reviewer) not in (None, decided_at):
        raise NewerDecisionError
    is_own_review = submission.reviewed_by_id == reviewer.pk
    if is_own_review:
        submission.reopen()
    elif blind_review := _blind_review(submission, reviewer):
        blind_review.undo()
        return False
    elif submission.review != Review.PENDING:
        raise AlreadyReviewedError
    queue.reclaim(submission, reviewer)
    return is_own_review


def _blind_review(submission: Submission, reviewer: Any) -> BlindReview | None:
    """Return this reviewer's blind review of the submission, or None.

    A review is only blind while the submission has a decision of another reviewer.
    """
    if submission.review == Review.PENDING or submission.reviewed_by_id == reviewer.pk:
        return None
    own = BlindReview.objects.filter(submission=submission, reviewer=reviewer)
    return own.select_related("submission").first()


def bulk_approve(
    label: Label,
    shown: dict[UUID, datetime | None],
    excluded: set[UUID],
    *,
    reject: bool,
    reviewer: Any,
    at: datetime,
) -> BulkResult:
    """Approve the submissions in `shown` as `label`, except those in `excluded`.

    `shown` contains the time of the correction that the reviewer saw. With `reject`, the excluded
    submissions are rejected. Otherwise, they are flagged, so that they come first in the queue.
    Submissions that were corrected or reviewed in the meantime do not change. Submissions that were
    flagged in the meantime are not approved.

    Call it in a transaction. A simultaneous bulk review of the same submissions waits for its end.
    """
    Submission.objects.filter(pk__in=shown).lock()
    unchanged = Submission.objects.with_corrections(shown)
    included, others = unchanged.exclude(pk__in=excluded), unchanged.filter(pk__in=excluded)
    approved = included.filter(flagged=False).store_review_of_pending(
        Review.APPROVED, reviewer, label, at
    )
    if reject:
        rejected = others.store_review_of_pending(Review.REJECTED, reviewer, None, at)
        return BulkResult(approved, rejected, flagged=0, previous_rounds={})
    unflagged = others.pending().filter(flagged=False)
    rounds = {str(pk): number for pk, number in unflagged.values_list("pk", "review_round")}
    # Owners cannot flood the queue with these submissions, because reviewers choose them.
    flagged = others.pending().update(flagged=True, review_round=0, **UNCLAIMED)
    return BulkResult(approved, rejected=0, flagged=flagged, previous_rounds=rounds)


def undo_bulk(reviewer: Any, at: datetime) -> list[Submission]:
    """Undo the reviewer's bulk review made at the time `at`, and return its submissions.

    Submissions whose review has changed since then do not change and are not returned. `unflag`
    removes the flags of the bulk review. Call it in a transaction.
    """
    ids = Submission.objects.filter(reviewed_by=reviewer, reviewed_at=at).lock()
    reviewed = Submission.objects.filter(pk__in=ids)
    submissions = list(reviewed.only("predicted_digit"))
    reviewed.reopen()
    return submissions


def unflag(previous_rounds: dict[str, int]) -> int:
    """Remove the flags of a bulk review, and return their number.

    `previous_rounds` is as in `BulkResult`. Submissions reviewed since then do not change. Call it
    in a transaction.
    """
    ids = Submission.objects.pending().filter(pk__in=previous_rounds, flagged=True).lock()
    submissions = list(Submission.objects.filter(pk__in=ids).only("review_round"))
    for submission in submissions:
        submission.flagged = False
        submission.review_round = previous_rounds[str(submission.pk)]
    return Submission.objects.bulk_update(submissions, ["flagged", "review_round"])
