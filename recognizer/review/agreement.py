"""How often reviewers agree, and whose corrections they did not accept."""

from typing import Any, Final

from django.db.models import Count, F, Q
from django.urls import reverse
from django.utils.translation import gettext as _

from recognizer.models import BlindReview, Review, Submission
from recognizer.review.presenters import short_label
from recognizer.serving.stored_pixels import png_data_url

REVIEW_LIMIT: Final = 1000  # The table of owners covers this many of the newest reviews.
OWNER_LIMIT: Final = 20  # rows of the table
DISAGREEMENT_LIMIT: Final = 20


def agreement() -> dict[str, Any]:
    """Return the context of the agreement page."""
    return {
        "reviewers": reviewers(),
        "disagreements": disagreements(),
        "owners": owners(),
        "newest": REVIEW_LIMIT,
    }


def reviewers() -> Any:
    """Return each reviewer's number of blind reviews, and how many agree with the first review.

    Only the first review at the time of the blind review counts, because the two are independent.
    """
    answered = BlindReview.objects.filter(agrees__isnull=False)
    by_reviewer = answered.values("reviewer__username").order_by("reviewer__username")
    return by_reviewer.annotate(
        reviews=Count("pk"),
        agreed=Count("pk", filter=Q(agrees=True)),
        percent=100.0 * F("agreed") / F("reviews"),
    )


def disagreements() -> list[dict[str, Any]]:
    """Return the newest blind reviews that differ from the submission's current review.

    The submission's review can have changed or been undone since the blind review.
    """
    reviews = BlindReview.objects.filter(agrees__isnull=False).order_by("-answered_at")
    reviews = reviews.exclude(submission__review=Review.PENDING)
    reviews = reviews.exclude(submission__reviewed_by=F("reviewer"))
    reviews = reviews.exclude(label=F("submission__label"))
    reviews = reviews.exclude(label=None, submission__label=None)
    reviews = reviews.select_related("submission__reviewed_by", "reviewer")
    reviews = reviews.defer("submission__image", "submission__strokes")
    return [_disagreement(review) for review in reviews[:DISAGREEMENT_LIMIT]]


def _disagreement(review: BlindReview) -> dict[str, Any]:
    submission = review.submission
    return {
        "model_input": png_data_url(submission.pixels),
        "admin": reverse("admin:recognizer_submission_change", args=[submission.pk]),
        "first": submission.reviewed_by,
        "first_label": _decision(submission.label),
        "second": review.reviewer,
        "second_label": _decision(review.label),
    }


def _decision(label: int | None) -> str:
    return _("rejected") if label is None else short_label(label)


def owners() -> Any:
    """Return the owners with corrections that the newest reviews did not accept, worst first."""
    newest_reviews = Submission.objects.newest_reviews().values("pk")[:REVIEW_LIMIT]
    recent = Submission.objects.filter(pk__in=newest_reviews)
    is_not_accepted = Q(review=Review.REJECTED) | ~Q(label=F("corrected_digit"))
    by_owner = recent.corrected().order_by().values("owner")
    counts = by_owner.annotate(
        corrections=Count("pk"), not_accepted=Count("pk", filter=is_not_accepted)
    )
    worst_first = counts.order_by("-not_accepted", "corrections", "owner")
    return worst_first.filter(not_accepted__gt=0)[:OWNER_LIMIT]
