"""`python -m benchmarks.seed N`: N submissions with reviews in the database, for benchmarks.

Made up, not drawn: what counts is that there are as many owners, labels, dates, reviews and
versions as on a site that has been used for a year, not what is on the pictures.
"""

import os
import sys
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import django
import numpy as np
from django.core.management import call_command

if TYPE_CHECKING:
    from django.contrib.admin.models import LogEntry

    from recognizer.models import ModelVersion, Submission

CHUNK: Final = 2000  # in a transaction
VERSIONS: Final = 8
PICTURES: Final = 500  # different ones
END: Final = datetime.now(UTC)
YEAR: Final = timedelta(days=365)
BUSY: Final = uuid.UUID(int=7)  # drew one in ten; the others some twenty each
REVIEWERS: Final = ("rosa", "ana", "li")
NOT_A_DIGIT: Final = 10


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "digitsite.settings")
    django.setup()
    seed(int(sys.argv[1]), say=lambda done: print(f"\r{done:,}", end="", flush=True))
    print(" submissions stored")


def seed(count: int, say: Any = lambda _: None) -> None:
    """Store so many more, after the migrations; they are the same ones for the same `count`."""
    from django.contrib.admin.models import LogEntry

    from recognizer.models import Submission

    call_command("migrate", verbosity=0)
    versions, reviewers = _versions(), _reviewers()
    rng = np.random.default_rng(count)
    pictures = _pictures(rng)
    for start in range(0, count, CHUNK):
        number = min(CHUNK, count - start)
        rows = _submissions(number, count, rng, versions, reviewers, pictures)
        stored = Submission.objects.bulk_create(rows, batch_size=CHUNK)
        LogEntry.objects.bulk_create(_history(stored))
        say(start + number)


def _submissions(
    number: int,
    of: int,
    rng: np.random.Generator,
    versions: list["ModelVersion"],
    reviewers: list[Any],
    pictures: list[tuple[bytes, bytes]],
) -> Iterator["Submission"]:
    """Some of `of`: who drew it, when, what was read, said and decided are chances of their own."""
    from recognizer.models import Source, Submission

    owners = rng.integers(0, max(of // 20, 1), number)
    ages = YEAR * np.sqrt(rng.random(number))  # the site is used ever more
    wrong, said, busy = (rng.random(number) < share for share in (0.03, 0.6, 0.1))
    labels = rng.integers(0, 11, number)
    fates = rng.choice(["pending", "approved", "rejected"], number, p=[0.3, 0.6, 0.1])
    for i in range(number):
        label = int(labels[i])
        read = (label + 1) % 11 if wrong[i] else label
        created = END - (YEAR - ages[i])
        age = (created - (END - YEAR)) / YEAR
        version = versions[min(int(age * len(versions)), len(versions) - 1)]
        reviewed, approved = fates[i] != "pending", fates[i] == "approved"
        image, pixels = pictures[int(rng.integers(len(pictures)))]
        confidence = float(1 - 0.5 * rng.random() ** 3)
        yield Submission(
            created=created,
            owner=BUSY if busy[i] else uuid.UUID(int=1000 + int(owners[i])),
            source=(Source.CANVAS, Source.UPLOAD, Source.API)[i % 3],
            image=image,
            image_sha256=rng.bytes(32),
            pixels=pixels,
            strokes=[[[10, 10, 0], [20, 40, 120], [30, 90, 250]]] if i % 3 == 0 else None,
            predicted_digit=read,
            confidence=confidence,
            probabilities=[0.1] * 10,
            model_version=version,
            corrected_digit=label if said[i] else None,
            corrected_at=created if said[i] else None,
            review=str(fates[i]),
            label=label if approved else None,
            reviewed_by=reviewers[i % len(reviewers)] if reviewed else None,
            reviewed_at=created + timedelta(hours=i % 50, microseconds=i) if reviewed else None,
            learned_in=versions[-1] if approved and i % 4 else None,
            latest_digit=read if i % 20 else label,
            latest_version=versions[-1],
        )


def _history(stored: list["Submission"]) -> Iterator["LogEntry"]:
    """What the audit trail says of their reviews."""
    from django.contrib.admin.models import CHANGE, LogEntry
    from django.contrib.contenttypes.models import ContentType

    kind = ContentType.objects.get_for_model(stored[0])
    for row in stored:
        if row.reviewed_by_id and row.reviewed_at:
            yield LogEntry(
                action_time=row.reviewed_at,
                user_id=row.reviewed_by_id,
                content_type=kind,
                object_id=str(row.pk),
                object_repr=str(row),
                action_flag=CHANGE,
                change_message=f"{row.review.capitalize()}.",
            )


def _pictures(rng: np.random.Generator) -> list[tuple[bytes, bytes]]:
    """Pictures as they are stored, with the 28×28 bytes that the network saw."""
    from benchmarks.pen import draw
    from ml.decode import decode, encode_png
    from ml.normalize import normalize
    from recognizer.recognition import to_png

    found = []
    for _ in range(PICTURES):
        strokes = [rng.uniform(0, 100, (5, 2)).tolist()]
        png = to_png(draw(strokes, size=28, pen=2).tobytes())
        grey = decode(png)
        found.append((encode_png(grey), normalize(grey).tobytes()))
    return found


def _versions() -> list["ModelVersion"]:
    """The base and its descendants, the newest one live, all with the base's files."""
    from recognizer import registry
    from recognizer.models import ModelVersion

    live = registry.live_version()
    while ModelVersion.objects.count() < VERSIONS:
        live = ModelVersion.objects.store(
            number=live.number + 1,
            parent=live,
            state="retired",
            reason="Made by the benchmark.",
            card=live.card,
            model=bytes(live.files.model),
            weights=b"",
        )
        registry.promote(live, by="the benchmark")
    return list(ModelVersion.objects.order_by("number"))


def _reviewers() -> list[Any]:
    from django.contrib.auth.models import User

    return [
        User.objects.get_or_create(
            username=name, defaults={"is_staff": True, "is_superuser": True}
        )[0]
        for name in REVIEWERS
    ]


if __name__ == "__main__":
    main()
