"""How well reviewers agree, and whose corrections are rejected."""

from typing import Any, Final

from django.db.models import Count, F, Q
from django.urls import reverse
from django.utils.translation import gettext as _

from recognizer.desk.cards import name
from recognizer.models import Review, SecondLook, Submission
from recognizer.recognition import png_data_url

NEWEST: Final = 1000  # so many reviews count for the owners' table
OWNERS: Final = 20  # so many are listed
SHOWN: Final = 20  # so many disagreements


def quality() -> dict[str, Any]:
    """All that the page shows."""
    return {
        "reviewers": reviewers(),
        "disagreements": disagreements(),
        "owners": owners(),
        "newest": NEWEST,
    }


def reviewers() -> Any:
    """Each reviewer's second looks, and how many of them agree with the first."""
    answered = SecondLook.objects.filter(answered_at__isnull=False)
    by_reviewer = answered.values("reviewer__username").order_by("reviewer__username")
    return by_reviewer.annotate(
        looks=Count("pk"),
        agreed=Count("pk", filter=Q(agrees=True)),
        percent=100 * F("agreed") / F("looks"),
    )


def disagreements() -> list[dict[str, Any]]:
    """The newest second looks that came out otherwise."""
    looks = SecondLook.objects.filter(agrees=False).select_related(
        "submission__reviewed_by", "reviewer"
    )
    looks = looks.defer("submission__image", "submission__strokes").order_by("-answered_at")
    return [
        {
            "seen": png_data_url(look.submission.pixels),
            "admin": reverse("admin:recognizer_submission_change", args=[look.submission_id]),
            "first": look.submission.reviewed_by,
            "first_label": _label(look.submission.label),
            "second": look.reviewer,
            "second_label": _label(look.label),
        }
        for look in looks[:SHOWN]
    ]


def _label(label: int | None) -> str:
    return _("rejected") if label is None else name(label)


def owners() -> Any:
    """Whose corrections the newest reviews did not follow most often."""
    newest = Submission.objects.filter(reviewed_at__isnull=False).order_by("-reviewed_at")
    recent = Submission.objects.filter(pk__in=newest.values("pk")[:NEWEST])
    not_followed = Q(review=Review.REJECTED) | ~Q(label=F("corrected_digit"))
    by_owner = recent.corrected().order_by().values("owner")
    counted = by_owner.annotate(
        corrections=Count("pk"),
        rejected=Count("pk", filter=not_followed),
    )
    return counted.filter(rejected__gt=0).order_by("-rejected", "corrections", "owner")[:OWNERS]
