"""From a data set to approved submissions."""

import hashlib
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from recognizer import registry
from recognizer.datasets import DatasetError, Row
from recognizer.models import Review, Source, Submission
from recognizer.recognition import BadImageError, read_again, to_png, without_metadata

NAMESPACE: Final = uuid.UUID("b2f0a7a5-6d52-4f0e-9a0a-5a4b1c3a7f10")
AT_ONCE: Final = 1000


@dataclass
class Counts:
    read: int = 0
    stored: int = 0

    @property
    def known(self) -> int:
        """Those that were there already."""
        return self.read - self.stored


def load(rows: Iterable[Row], *, by: Any, report: Callable[[Counts], None]) -> Counts:
    """Store them as approved by `by`; what is there already stays as it is.

    A thousand at once: whatever happens on the way, doing it again goes on from there.
    Raises `DatasetError`.
    """
    counts, now, left = Counts(), timezone.now(), iter(rows)
    while some := list(islice(left, AT_ONCE)):
        made = [
            _submission(row, by, now + timedelta(microseconds=number))
            for number, row in enumerate(some, counts.read)
        ]
        counts.read += len(made)
        counts.stored += _store(made)
        report(counts)
    return counts


def _store(made: list[Submission]) -> int:
    found = Submission.objects.filter(pk__in=[submission.pk for submission in made])
    with transaction.atomic():
        before = found.count()
        Submission.objects.bulk_create(made, ignore_conflicts=True)
        return found.count() - before


def _submission(row: Row, by: Any, now: datetime) -> Submission:
    served = registry.serving()
    reading = read_again(row.pixels, served.recognizer)
    image = _image(row)
    # The same each time, so that a data set can be imported twice. Who wrote the drawings of
    # MNIST and its like is not known: each counts as somebody else's.
    name = f"{row.label} {hashlib.sha256(row.pixels).hexdigest()}"
    return Submission(
        id=row.id or uuid.uuid5(NAMESPACE, name),
        created=row.created or now,
        owner=uuid.uuid5(NAMESPACE, f"writer {row.writer or name}"),
        source=Source.IMPORT,
        image=image,
        image_sha256=hashlib.sha256(image).digest(),
        pixels=row.pixels,
        strokes=row.strokes,
        predicted_digit=reading.answer,
        confidence=reading.confidence,
        probabilities=reading.probabilities,
        model_version_id=served.pk,
        review=Review.APPROVED,
        label=row.label,
        reviewed_by=by,
        reviewed_at=now,
    )


def _image(row: Row) -> bytes:
    if row.image is None:
        return to_png(row.pixels)
    try:
        return without_metadata(row.image)
    except BadImageError as error:
        raise DatasetError(f"The image of {row.id} cannot be read: {error}") from error
