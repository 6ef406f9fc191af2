"""Mix reviewed submissions into the queue, to measure how well reviewers agree."""

import random
from typing import Any, Final

from django.db.models import Q

from recognizer.models import BlindReview, Review, Submission

PROBABILITY: Final = 0.5  # that a claim creates a blind review
CANDIDATE_LIMIT: Final = 200  # newest reviews to choose from


def mix_in(submissions: list[Submission], reviewer: Any) -> list[Submission]:
    """Insert at most one submission that another reviewer has decided, at a random position.

    A blind review that this reviewer has not answered is used before a new one is created.
    """
    blind_review = _unanswered(reviewer)
    if blind_review is None and random.random() < PROBABILITY:
        blind_review = _create(reviewer)
    if blind_review is None:
        return submissions
    position = random.randint(0, len(submissions))
    return [*submissions[:position], blind_review.submission, *submissions[position:]]


def _unanswered(reviewer: Any) -> BlindReview | None:
    # The first review can be undone, or taken over by this reviewer, in the meantime.
    is_decided_by_another = ~Q(submission__review=Review.PENDING)
    is_decided_by_another &= ~Q(submission__reviewed_by=reviewer)
    open_reviews = BlindReview.objects.filter(reviewer=reviewer, answered_at=None)
    return (
        open_reviews.filter(is_decided_by_another)
        .select_related("submission__model_version", "submission__live_prediction_version")
        .first()
    )


def _create(reviewer: Any) -> BlindReview | None:
    newest = Submission.objects.filter(reviewed_at__isnull=False).order_by("-reviewed_at")
    recent = Submission.objects.filter(
        pk__in=list(newest.values_list("pk", flat=True)[:CANDIDATE_LIMIT])
    )
    known = BlindReview.objects.filter(reviewer=reviewer).values("submission")
    candidates = (
        recent.exclude(reviewed_by=reviewer).exclude(reviewed_by=None).exclude(pk__in=known)
    )
    related = candidates.select_related("model_version", "live_prediction_version")
    submission = related.order_by("?").first()
    if submission is None:
        return None
    return BlindReview.objects.get_or_create(submission=submission, reviewer=reviewer)[0]
