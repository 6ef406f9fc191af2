"""Which submissions come to whose desk: worth a look first, and never to two reviewers at once."""

from datetime import timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from recognizer import recognition, registry
from recognizer.models import Answer, Submission, SubmissionQuerySet

AT_ONCE: Final = 20  # lie on one desk
SWEEP: Final = 100  # lie in one grid
CLAIM: Final = timedelta(minutes=5)  # on one desk, unless it asks again
REST: Final = timedelta(hours=1)  # what was skipped comes back so late
READ_ANEW: Final = 200  # each time somebody asks for more
MANY: Final = 1000  # are not counted further


def take(reviewer: Any, *, skipped: bool = False) -> list[Submission]:
    """What is worth a look first, now on this reviewer's desk; also what lay there already.

    With `skipped`, what was skipped does not rest any longer.
    """
    free = _free(reviewer, skipped=skipped).order_by("-doubt", "-id")
    return list(_claim(free, reviewer, AT_ONCE).order_by("-doubt", "-id"))


def take_alike(reviewer: Any, proposed: Answer) -> list[Submission]:
    """Those that all seem to be `proposed`, the surest first, for this reviewer's grid."""
    free = _free(reviewer).filter(proposed_digit=proposed).order_by("doubt", "id")
    return list(_claim(free, reviewer, SWEEP).order_by("doubt", "id"))


def _free(reviewer: Any, *, skipped: bool = False) -> SubmissionQuerySet:
    free = Q(claimed_until=None) | Q(claimed_until__lt=timezone.now()) | Q(claimed_by=reviewer)
    if skipped:
        free |= Q(claimed_by=None)
    return Submission.objects.pending().filter(free)


def _claim(free: SubmissionQuerySet, reviewer: Any, number: int) -> SubmissionQuerySet:
    """The first of them, locked and taken: two who ask at once get different ones."""
    with transaction.atomic():
        first = list(free.select_for_update(skip_locked=True).values_list("pk", flat=True)[:number])
        claimed = Submission.objects.filter(pk__in=first)
        claimed.update(claimed_by=reviewer, claimed_until=timezone.now() + CLAIM)
    return claimed.select_related("model_version", "latest_version").defer(
        "image", "strokes", "model_version__card", "latest_version__card"
    )


def waiting() -> int:
    """How many nobody has reviewed, `MANY` at most."""
    return count(Submission.objects.pending())


def on_other_desks(reviewer: Any) -> int:
    """How many wait there, `MANY` at most."""
    claimed = Submission.objects.filter(claimed_until__gt=timezone.now())
    return count(claimed.pending().exclude(claimed_by=None).exclude(claimed_by=reviewer))


def resting() -> int:
    """How many were skipped, `MANY` at most."""
    claimed = Submission.objects.filter(claimed_until__gt=timezone.now())
    return count(claimed.pending().filter(claimed_by=None))


def count(rows: SubmissionQuerySet, most: int | None = None) -> int:
    """How many, `most` (`MANY`) at most: of a million rows, only so many are looked at."""
    return rows.order_by()[: most or MANY].count()


def give_back(submission: Submission, reviewer: Any) -> None:
    """Once more on this reviewer's desk, unless it lies on another."""
    mine_or_free = _free(reviewer, skipped=True).filter(pk=submission.pk)
    mine_or_free.update(claimed_by=reviewer, claimed_until=timezone.now() + CLAIM)


def put_aside(submission: Submission, reviewer: Any) -> None:
    """Not now: it rests, and comes back to anybody's desk."""
    mine_or_free = _free(reviewer).filter(pk=submission.pk)
    mine_or_free.update(claimed_by=None, claimed_until=timezone.now() + REST)


def read_anew() -> None:
    """Read some that wait with the version that is live by now, so that disagreement shows."""
    try:
        served = registry.serving()
    except registry.DamagedModelError:  # the log says it; people can review all the same
        return
    rows = list(
        Submission.objects.pending()
        .filter(latest_version__lt=served.pk)
        .order_by("latest_version")
        .only("pixels")[:READ_ANEW]
    )
    for row in rows:
        row.latest_digit = recognition.read_again(row.pixels, served.recognizer).answer
        row.latest_version_id = served.pk
    Submission.objects.bulk_update(rows, ["latest_digit", "latest_version"])
