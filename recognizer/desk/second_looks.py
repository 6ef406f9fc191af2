"""Known answers, mixed in now and then: does a reviewer say what another has said?"""

import random
from typing import Any, Final

from django.db.models import Q

from recognizer.models import Review, SecondLook, Submission

OFTEN: Final = 0.5  # of the handfuls bring one along
KNOWN: Final = 200  # the newest reviews, of which it is one


def mixed_in(rows: list[Submission], reviewer: Any) -> list[Submission]:
    """The rows, perhaps with one among them that another reviewer has decided."""
    look = _open(reviewer)
    if look is None and random.random() < OFTEN:
        look = _new(reviewer)
    if look is None:
        return rows
    place = random.randint(0, len(rows))
    return [*rows[:place], look.submission, *rows[place:]]


def _open(reviewer: Any) -> SecondLook | None:
    looks = SecondLook.objects.filter(reviewer=reviewer, answered_at=None)
    decided_by_another = ~Q(submission__review=Review.PENDING) & ~Q(
        submission__reviewed_by=reviewer
    )
    whole = looks.select_related("submission__model_version", "submission__latest_version")
    return whole.filter(decided_by_another).first()


def _new(reviewer: Any) -> SecondLook | None:
    newest = Submission.objects.filter(reviewed_at__isnull=False).order_by("-reviewed_at")
    known = Submission.objects.filter(pk__in=list(newest.values_list("pk", flat=True)[:KNOWN]))
    seen = SecondLook.objects.filter(reviewer=reviewer).values("submission")
    others = known.exclude(reviewed_by=reviewer).exclude(reviewed_by=None).exclude(pk__in=seen)
    submission = others.select_related("model_version", "latest_version").order_by("?").first()
    if submission is None:
        return None
    return SecondLook.objects.get_or_create(submission=submission, reviewer=reviewer)[0]
