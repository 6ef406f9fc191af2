"""Fill an empty site with invented people, drawings, corrections and reviews."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Any, Final

import numpy as np
from django.utils import timezone

from recognizer.demo.synthetic_digits import Strokes, strokes_of
from recognizer.models import BlindReview, Label, Source, Submission
from recognizer.review import queue
from recognizer.serving import storage
from recognizer.serving.prediction import predict_image

DAYS: Final = 28
VISITORS: Final = 12  # besides the user
DRAWINGS_PER_VISITOR: Final = 16
CORRECTED: Final = 0.6  # shares of the drawings
WRONGLY_CORRECTED: Final = 0.06
REVIEWED: Final = 0.75
BLIND_REVIEWS: Final = 12
NEW: Final = 10  # drawings approved after the newest version was trained
STEP_MILLISECONDS: Final = 16  # between two points of a stroke


@dataclass(frozen=True)
class People:
    """The two reviewers, and the owner id of the user who can log in."""

    first_reviewer: Any
    second_reviewer: Any
    owner: uuid.UUID


def seed_drawings(people: People) -> list[tuple[Submission, int]]:
    """Store drawings by several visitors over four weeks, with corrections and reviews.

    Return the pending drawings, oldest first, each with the digit that it shows.
    """
    rng = np.random.default_rng(1)
    owners = [people.owner, *(_random_uuid(rng) for _ in range(VISITORS))]
    drawn = [_draw(owner, rng) for owner in owners for _ in range(DRAWINGS_PER_VISITOR)]
    drawn.sort(key=lambda pair: pair[0].created)
    for row, digit in drawn:
        _correct(row, digit, rng)
    reviewed = drawn[: round(REVIEWED * len(drawn))]
    for row, digit in reviewed:
        _review(row, digit, people.first_reviewer, rng)
    for row, digit in reviewed[:BLIND_REVIEWS]:
        _review_blindly(row, digit, people.second_reviewer, rng)
    return drawn[len(reviewed) :]


def seed_newest(pending: list[tuple[Submission, int]], people: People) -> None:
    """Approve some drawings that no version has learned, and prepare the queue."""
    for row, digit in pending[:NEW]:
        row.approve(people.first_reviewer, Label(digit))
    (flagged, _), (skipped, _), *others = pending[NEW:]
    Submission.objects.filter(pk=flagged.pk).update(flagged=True)
    queue.snooze(skipped, people.first_reviewer)
    for row, digit in others[::5]:  # The network is sure of another digit.
        row.correct(Label((digit + 1) % 10))


def _random_uuid(rng: np.random.Generator) -> uuid.UUID:
    return uuid.UUID(bytes=rng.bytes(16), version=4)


def _draw(owner: uuid.UUID, rng: np.random.Generator) -> tuple[Submission, int]:
    """Store a drawing of a random digit, as the API would, and return it with the digit."""
    digit = int(rng.integers(10))
    strokes = _to_canvas(strokes_of(digit, rng))
    new = storage.new_submission(
        predict_image(strokes, None), owner=owner, source=Source.CANVAS, strokes=strokes
    )
    new.created = timezone.now() - timedelta(days=float(rng.uniform(0, DAYS)))
    return storage.store(new)[0], digit


def _to_canvas(strokes: Strokes) -> Strokes:
    """Return the strokes as the draw page sends them: with a margin, and with times in ms."""
    times = count(step=STEP_MILLISECONDS)
    return [[[1.1 * x + 30, 1.1 * y + 30, next(times)] for x, y in stroke] for stroke in strokes]


def _correct(row: Submission, digit: int, rng: np.random.Generator) -> None:
    """Correct some of the drawings, and a few of them wrongly."""
    if rng.random() < WRONGLY_CORRECTED:
        row.correct(Label((digit + 1) % 10))
    elif rng.random() < CORRECTED:
        row.correct(Label(digit))
    else:
        return
    _set_time(row, "corrected_at", row.created + timedelta(minutes=1))


def _review(row: Submission, digit: int, reviewer: Any, rng: np.random.Generator) -> None:
    """Approve most drawings, sometimes with a wrong correction, and reject a few."""
    if rng.random() < 0.05:
        row.reject(reviewer)
    elif row.corrected_digit is not None and rng.random() < 0.8:
        row.approve(reviewer, Label(row.corrected_digit))
    else:
        row.approve(reviewer, Label(digit))
    _set_time(row, "reviewed_at", row.created + timedelta(hours=1))


def _review_blindly(row: Submission, digit: int, reviewer: Any, rng: np.random.Generator) -> None:
    blind = BlindReview.objects.create(submission=row, reviewer=reviewer)
    blind.record(Label(digit) if rng.random() < 0.8 else None)


def _set_time(row: Submission, field: str, time: datetime) -> None:
    earlier = min(time, timezone.now())
    Submission.objects.filter(pk=row.pk).update(**{field: earlier})
    setattr(row, field, earlier)
