"""Import a dataset as approved submissions."""

import hashlib
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.contrib.admin.models import ADDITION, CHANGE
from django.db import transaction
from django.utils import timezone

from recognizer import audit
from recognizer.datasets import DatasetError, Row
from recognizer.models import Review, Source, Submission
from recognizer.serving import model_registry
from recognizer.serving.prediction import BadImageError
from recognizer.serving.storage import reencode
from recognizer.serving.stored_pixels import repredict, to_png
from recognizer.training.duplicates import ApprovedPixels
from recognizer.training.owner_split import trained_owners
from recognizer.training.training_data import is_mnist_evaluation_image

NAMESPACE: Final = uuid.UUID("b2f0a7a5-6d52-4f0e-9a0a-5a4b1c3a7f10")
# A chunk is in memory, and stored in one transaction. It has at most CHUNK_SIZE rows, and ends as
# soon as its images and strokes need CHUNK_BYTES.
CHUNK_SIZE: Final = 1000
CHUNK_BYTES: Final = 20_000_000
BYTES_PER_POINT: Final = 300  # of a stroke, as Python objects


@dataclass
class ImportCounts:
    """The numbers of rows that have been read, stored and rejected.

    `for_evaluation` counts the stored rows of the test split. `owner_trained` counts those of them
    that evaluate no version, because a version was trained on other drawings of their owner.
    `rejected` counts the rows that are MNIST's own held-out or test images. No version may be
    trained on them.
    """

    read: int = 0
    stored: int = 0
    for_evaluation: int = 0
    owner_trained: int = 0
    rejected: int = 0

    @property
    def existing(self) -> int:
        """Return the number of rows that were not stored, because their submission existed."""
        return self.read - self.stored - self.rejected


def load(
    rows: Iterable[Row],
    *,
    by: Any,
    report: Callable[[ImportCounts], None],
    dataset: str | None = None,
) -> ImportCounts:
    """Store the rows as submissions approved by `by`. Existing submissions keep their label.

    Rows of the test split are stored for evaluation only. MNIST's own evaluation images are not
    stored. Rows with the same `dataset` and the same writer have the same owner.

    `report` is called after each chunk. After an interruption, a second import stores the rest.
    Raises `DatasetError` if a row or its image is invalid, or if there are no rows. Earlier chunks
    stay stored.
    """
    counts, now, approved = ImportCounts(), timezone.now(), ApprovedPixels()
    writers = uuid.uuid5(NAMESPACE, f"dataset {dataset}") if dataset else NAMESPACE
    for chunk in _chunks(rows):
        # Rows without a time get distinct times, in the order of the dataset.
        submissions = [
            _to_submission(row, by, now + timedelta(microseconds=index), writers)
            for index, row in enumerate(chunk, counts.read)
            if not is_mnist_evaluation_image(row.pixels)
        ]
        counts.read += len(chunk)
        counts.rejected += len(chunk) - len(submissions)
        stored = _store(submissions, approved, by)
        counts.stored += len(stored)
        test_owners = [submission.owner for submission in stored if submission.for_evaluation]
        trained = trained_owners(test_owners)
        counts.for_evaluation += len(test_owners)
        counts.owner_trained += sum(owner in trained for owner in test_owners)
        report(counts)
    if not counts.read:
        raise DatasetError("The dataset contains no drawing.")
    return counts


def _chunks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    chunk: list[Row] = []
    size = 0
    for row in rows:
        chunk.append(row)
        size += len(row.image or b"") + BYTES_PER_POINT * sum(map(len, row.strokes or ()))
        if len(chunk) >= CHUNK_SIZE or size >= CHUNK_BYTES:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def _store(submissions: list[Submission], approved: ApprovedPixels, by: Any) -> list[Submission]:
    """Store the submissions that do not exist yet, with an audit entry, and return them.

    If the same drawing is in both splits, it is only used for evaluation, even if it was stored
    before. The same drawing has the same id, the same pixels, or the same owner and image.
    """
    unique = {submission.pk: submission for submission in submissions}
    # The ids under which the same drawings are stored if they came from a format without ids.
    content_ids = {pk: _content_id(submission) for pk, submission in unique.items()}
    for_evaluation = {submission.pk for submission in submissions if submission.for_evaluation}
    candidates = Submission.objects.filter(pk__in={*unique, *content_ids.values()})
    with transaction.atomic():
        before = set(candidates.values_list("pk", flat=True))
        new = [
            submission
            for pk, submission in unique.items()
            if not before & {pk, content_ids[pk]}
            # Without ids, the same drawings may be stored from a format with ids.
            and not (pk == content_ids[pk] and bytes(submission.pixels) in approved)
        ]
        _insert(new)
        # Another import may store the same drawing at the same moment, at another time `now`.
        own = candidates.filter(reviewed_at__in={row.reviewed_at for row in submissions})
        stored = set(own.values_list("pk", flat=True)) - before
        for_evaluation |= {content_ids[pk] for pk in for_evaluation}
        existing = [row for row in new if row.pk in for_evaluation - stored]
        for_evaluation |= _ids_of_same_images(existing)
        skipped = unique.keys() - before - {row.pk for row in new}
        for_evaluation |= _ids_of_same_pixels([unique[pk] for pk in skipped & for_evaluation])
        _record(len(stored), _keep_for_evaluation(for_evaluation), by)
    return [
        Submission(pk=pk, owner=submission.owner, for_evaluation=pk in for_evaluation)
        for pk, submission in unique.items()
        if pk in stored
    ]


def _insert(new: list[Submission]) -> None:
    """Store the submissions, without those whose id, or whose owner and image, are stored."""
    # Two imports that store the same images in a different order would wait for each other.
    ordered = sorted(new, key=lambda submission: bytes(submission.image_sha256))
    Submission.objects.bulk_create(ordered, ignore_conflicts=True)


def _ids_of_same_images(submissions: list[Submission]) -> set[uuid.UUID]:
    """Return the ids of the stored submissions with the owner and the image of one of these."""
    same_images = (
        Submission.objects.owned_by(row.owner).filter(image_sha256=row.image_sha256)
        for row in submissions
    )
    return {pk for rows in same_images for pk in rows.values_list("pk", flat=True)}


def _ids_of_same_pixels(submissions: list[Submission]) -> set[uuid.UUID]:
    """Return the ids of the imported submissions with the pixels of one of these.

    This reads all imported submissions, because no index contains the pixels.
    """
    if not submissions:
        return set()
    imported = Submission.objects.filter(source=Source.IMPORT)
    same_pixels = imported.filter(pixels__in=[row.pixels for row in submissions])
    return set(same_pixels.values_list("pk", flat=True))


def _keep_for_evaluation(ids: set[uuid.UUID]) -> int:
    """Exclude imported submissions from training, and return how many were not excluded before."""
    training = Submission.objects.filter(source=Source.IMPORT, for_evaluation=False)
    locked = training.filter(pk__in=ids).lock()
    return Submission.objects.filter(pk__in=locked).update(for_evaluation=True)


def _record(stored: int, changed: int, by: Any) -> None:
    """Record how many drawings were stored, and how many are not used for training any more."""
    if stored:
        audit.record_for_model(by, Submission, ADDITION, f"Imported {stored} drawings.")
    if changed:
        message = f"Kept {changed} imported drawings for evaluation: they are in a test split."
        audit.record_for_model(by, Submission, CHANGE, message)


def _to_submission(row: Row, by: Any, now: datetime, writers: uuid.UUID) -> Submission:
    """Return a new submission of a row. `writers` is the namespace of the ids of the owners."""
    version = model_registry.loaded_version()
    prediction = repredict(row.pixels, version.recognizer)
    image = _encode_image(row)
    name = _content_name(row.label, row.pixels)
    return Submission(
        id=row.id or uuid.uuid5(NAMESPACE, name),
        created=row.created or now,
        # Datasets such as MNIST do not identify the writer. Each drawing then gets its own owner.
        owner=uuid.uuid5(writers, f"writer {row.writer or name}"),
        source=Source.IMPORT,
        image=image,
        image_sha256=hashlib.sha256(image).digest(),
        pixels=row.pixels,
        strokes=row.strokes,
        for_evaluation=row.split == "test",
        predicted_digit=prediction.label,
        confidence=prediction.confidence,
        probabilities=prediction.probabilities,
        model_version_id=version.pk,
        live_prediction=prediction.label,
        live_prediction_version_id=version.pk,
        review=Review.APPROVED,
        label=row.label,
        reviewed_by=by,
        reviewed_at=now,
    )


def _content_id(submission: Submission) -> uuid.UUID:
    """Return the id of a new submission if the dataset has no ids.

    It depends only on the label and the pixels, so that a repeated import finds the submission.
    """
    return uuid.uuid5(NAMESPACE, _content_name(submission.label, bytes(submission.pixels)))


def _content_name(label: int | None, pixels: bytes) -> str:
    return f"{label} {hashlib.sha256(pixels).hexdigest()}"


def _encode_image(row: Row) -> bytes:
    if row.image is None:
        return to_png(row.pixels)
    try:
        return reencode(row.image)
    except BadImageError as error:
        raise DatasetError(f"The image of {row.id} is invalid: {error}") from error
