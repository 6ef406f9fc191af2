"""Mix reviewed submissions into the queue, to measure how often reviewers agree."""

import random
from typing import Any, Final

from django.db.models import Q

from recognizer.models import BlindReview, Review, Submission
from recognizer.review import queue

# The probability that a claim creates a blind review, if the reviewer has none to answer.
PROBABILITY: Final = 0.5
# The submission is chosen at random from this many of the newest reviews.
CANDIDATE_LIMIT: Final = 200


def mix_in(submissions: list[Submission], reviewer: Any) -> list[Submission]:
    """Return the submissions with at most one blind review inserted at a random position.

    If this reviewer has an unanswered blind review, insert that one. Otherwise, create one with
    probability `PROBABILITY`, for a submission that another reviewer has decided.
    """
    blind_review = _unanswered(reviewer)
    if blind_review is None and random.random() < PROBABILITY:
        blind_review = _create(reviewer)
    if blind_review is None:
        return submissions
    second = queue.for_cards(Submission.objects.filter(pk=blind_review.submission_id))
    position = random.randint(0, len(submissions))
    return [*submissions[:position], *second, *submissions[position:]]


def _unanswered(reviewer: Any) -> BlindReview | None:
    # Since the blind review was created, the first review may have been undone, and this reviewer
    # may then have decided the submission. Then the review is no longer blind.
    is_decided_by_another = ~Q(submission__review=Review.PENDING)
    is_decided_by_another &= ~Q(submission__reviewed_by=reviewer)
    open_reviews = BlindReview.objects.filter(reviewer=reviewer, answered_at=None)
    return open_reviews.filter(is_decided_by_another).first()


def _create(reviewer: Any) -> BlindReview | None:
    newest = Submission.objects.newest_reviews().values_list("pk", flat=True)[:CANDIDATE_LIMIT]
    recent = Submission.objects.filter(pk__in=list(newest))
    known = BlindReview.objects.filter(reviewer=reviewer).values("submission")
    candidates = (
        recent.exclude(reviewed_by=reviewer).exclude(reviewed_by=None).exclude(pk__in=known)
    )
    pk = candidates.order_by("?").values_list("pk", flat=True).first()
    if pk is None:
        return None
    return BlindReview.objects.get_or_create(submission_id=pk, reviewer=reviewer)[0]
