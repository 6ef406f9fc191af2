"""`python -m benchmarks.seed N`: store N generated submissions with reviews in the database.

Owners, labels, dates, reviews and versions are distributed as on a site after a year of use. The
images show random lines.
"""

import os
import sys
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import django
import numpy as np
from django.core.management import call_command

if TYPE_CHECKING:
    from django.contrib.admin.models import LogEntry

    from recognizer.models import ModelVersion, Submission

CHUNK_SIZE: Final = 2000  # rows per transaction
VERSION_COUNT: Final = 8
DISTINCT_IMAGE_COUNT: Final = 500
DRAWINGS_PER_OWNER: Final = 20
END: Final = datetime.now(UTC)
YEAR: Final = timedelta(days=365)
BUSIEST_OWNER: Final = uuid.UUID(int=7)  # drew one in ten drawings
REVIEWERS: Final = ("rosa", "ana", "li")


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "digitsite.settings")
    django.setup()
    seed(int(sys.argv[1]), on_progress=lambda done: print(f"\r{done:,}", end="", flush=True))
    print(" submissions stored")


def seed(count: int, on_progress: Callable[[int], object] = lambda done: None) -> None:
    """Migrate the database, and add `count` submissions with their reviews.

    Except for dates and ids, the same `count` gives the same submissions.
    """
    from django.contrib.admin.models import LogEntry

    from recognizer.models import Submission

    call_command("migrate", verbosity=0)
    versions, reviewers = _versions(), _reviewers()
    rng = np.random.default_rng(count)
    images = _images(rng)
    pending = Counter[uuid.UUID]()  # by owner
    for start in range(0, count, CHUNK_SIZE):
        number = min(CHUNK_SIZE, count - start)
        rows = _submissions(number, count, rng, versions, reviewers, images, pending)
        stored = Submission.objects.bulk_create(rows, batch_size=CHUNK_SIZE)
        LogEntry.objects.bulk_create(_log_entries(stored))
        on_progress(start + number)


def _submissions(
    number: int,
    total: int,
    rng: np.random.Generator,
    versions: list["ModelVersion"],
    reviewers: list[Any],
    images: list[tuple[bytes, bytes]],
    pending: Counter[uuid.UUID],
) -> Iterator["Submission"]:
    """Yield `number` of `total` submissions with random owners, dates, labels and reviews."""
    from recognizer.models import Source, Submission, round_after

    owners = rng.integers(0, max(total // DRAWINGS_PER_OWNER, 1), number)
    # The time of each drawing since the start of the year. Later times are more frequent.
    offsets = YEAR * np.sqrt(rng.random(number))
    is_wrong, is_corrected, is_busiest = (rng.random(number) < share for share in (0.03, 0.6, 0.1))
    labels = rng.integers(0, 11, number)
    reviews = rng.choice(["pending", "approved", "rejected"], number, p=[0.3, 0.6, 0.1])
    for i in range(number):
        label = int(labels[i])
        predicted = (label + 1) % 11 if is_wrong[i] else label
        created = END - (YEAR - offsets[i])
        elapsed = (created - (END - YEAR)) / YEAR
        version = versions[min(int(elapsed * len(versions)), len(versions) - 1)]
        image, pixels = images[int(rng.integers(len(images)))]
        confidence = float(1 - 0.5 * rng.random() ** 3)
        owner = BUSIEST_OWNER if is_busiest[i] else uuid.UUID(int=1000 + int(owners[i]))
        review_round = round_after(pending[owner])
        pending[owner] += reviews[i] == "pending"
        yield Submission(
            created=created,
            owner=owner,
            review_round=review_round,
            source=(Source.CANVAS, Source.UPLOAD, Source.API)[i % 3],
            image=image,
            image_sha256=rng.bytes(32),
            pixels=pixels,
            strokes=[[[10, 10, 0], [20, 40, 120], [30, 90, 250]]] if i % 3 == 0 else None,
            predicted_digit=predicted,
            confidence=confidence,
            probabilities=[0.1] * 10,
            model_version=version,
            corrected_digit=label if is_corrected[i] else None,
            corrected_at=created if is_corrected[i] else None,
            **_review_fields(str(reviews[i]), label, reviewers, created, i),
            live_prediction=predicted if i % 20 else label,
            live_prediction_version=versions[-1],
        )


def _review_fields(
    review: str, label: int, reviewers: list[Any], created: datetime, i: int
) -> dict[str, Any]:
    if review == "pending":
        return {"review": review}
    return {
        "review": review,
        "label": label if review == "approved" else None,
        "reviewed_by": reviewers[i % len(reviewers)],
        "reviewed_at": created + timedelta(hours=i % 50, microseconds=i),
    }


def _log_entries(stored: list["Submission"]) -> Iterator["LogEntry"]:
    """Yield the audit trail's entries for the reviews."""
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


def _images(rng: np.random.Generator) -> list[tuple[bytes, bytes]]:
    """Return random images. Each is a PNG file and the bytes of its model input."""
    from benchmarks.stroke_rendering import draw
    from ml.preprocessing.decode import decode
    from ml.preprocessing.normalize import normalize
    from ml.preprocessing.png import encode_png
    from recognizer.serving.stored_pixels import to_png

    images = []
    for _ in range(DISTINCT_IMAGE_COUNT):
        strokes = [rng.uniform(0, 100, (5, 2)).tolist()]
        png = to_png(draw(strokes, size=28, pen=2).tobytes())
        grey = decode(png)
        images.append((encode_png(grey), normalize(grey).tobytes()))
    return images


def _versions() -> list["ModelVersion"]:
    """Store versions until there are `VERSION_COUNT`. The newest is live. Return all of them."""
    from recognizer.models import ModelVersion
    from recognizer.serving import model_registry

    live = model_registry.live_version()
    while ModelVersion.objects.count() < VERSION_COUNT:
        live = ModelVersion.objects.store(
            number=live.number + 1,
            predecessor=live,
            state="retired",
            reason="Created by the benchmark.",
            card=live.card,
            model=bytes(live.files.model),
            weights=b"",
        )
        model_registry.promote(live, by="the benchmark")
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
