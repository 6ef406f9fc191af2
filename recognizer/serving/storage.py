"""Store predicted images as submissions."""

import hashlib
import uuid
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final

import numpy as np
from django.db import IntegrityError, connection, transaction
from PIL import Image

from ml.arrays import GreyImage
from ml.preprocessing.decode import decode
from ml.preprocessing.png import encode_png
from recognizer import metrics
from recognizer.models import Source, Submission
from recognizer.models.strokes import are_strokes, rounded
from recognizer.serving.prediction import DigitResult, MultiDigitResult, PredictionResult

# Drawings from the page are far smaller. A larger image is stored with fewer pixels.
MAX_STORED_BYTES: Final = 100_000
STORED_SIDE: Final = 300  # pixels; at most 90 KB
STORE_ATTEMPTS: Final = 10


class IdempotencyConflictError(Exception):
    """Raised when the owner has already used the idempotency key for another image."""


def store(submission: Submission) -> tuple[Submission, bool]:
    """Store a new submission, and return the stored one and whether it is new.

    Each owner's image is stored only once. Storing it again returns the existing submission.

    Raises `IdempotencyConflictError` if the owner has used the key for another image.
    """
    owner_round = Submission.objects.next_round(submission.owner)
    submission.review_round = max(submission.review_round, owner_round)
    for attempts_left in reversed(range(STORE_ATTEMPTS)):
        try:
            _insert(submission)
            break
        except IntegrityError:
            if earlier := _find_stored(submission):
                return earlier, False
            # Another request has deleted the stored submission in the meantime, so try again.
            if not attempts_left:
                raise
    metrics.SUBMISSIONS.labels(submission.source).inc()
    return submission, True


def _insert(submission: Submission) -> None:
    with _savepoint_if_needed():
        submission.save(force_insert=True)


def _find_stored(submission: Submission) -> Submission | None:
    """Return the owner's stored submission with the same image, or None.

    If it was stored without an idempotency key, it gets the key of `submission`.

    Raises `IdempotencyConflictError` if the owner has used the key for another image.
    """
    own = Submission.objects.owned_by(submission.owner)
    same_image = own.filter(image_sha256=submission.image_sha256)
    if key := submission.idempotency_key:
        with_key = own.filter(idempotency_key=key)
        if with_key.exclude(image_sha256=submission.image_sha256).exists():
            raise IdempotencyConflictError
        try:
            with _savepoint_if_needed():
                same_image.filter(idempotency_key=None).update(idempotency_key=key)
        except IntegrityError as error:  # Another request has used the key in the meantime.
            raise IdempotencyConflictError from error
    return same_image.first()


def new_submission(
    result: PredictionResult, *, strokes: list[Any] | None, **fields: Any
) -> Submission:
    """Return an unsaved submission of a predicted image, with additional fields."""
    image = _stored_png(result.grey)
    return Submission(
        strokes=strokes and rounded(strokes),
        image=image,
        image_sha256=hashlib.sha256(image).digest(),
        pixels=result.pixels.tobytes(),
        predicted_digit=result.prediction.label,
        confidence=result.prediction.confidence,
        probabilities=result.prediction.probabilities,
        personal_prediction=result.personal and result.personal.to_json(),
        model_version=result.version.row,
        live_prediction=result.prediction.label,
        live_prediction_version=result.version.row,
        **fields,
    )


def reencode(image: bytes) -> bytes:
    """Return an image file as it is stored: as a small grey PNG without metadata.

    Raises `BadImageError` if the file is not an accepted image.
    """
    return _stored_png(decode(image))


def _stored_png(grey: GreyImage) -> bytes:
    """Return the image as a PNG file of at most `MAX_STORED_BYTES`."""
    png = encode_png(grey)
    if len(png) <= MAX_STORED_BYTES:
        return png
    image = Image.fromarray(grey)
    image.thumbnail((STORED_SIDE, STORED_SIDE), Image.Resampling.BOX)
    return encode_png(np.asarray(image))


def _savepoint_if_needed() -> AbstractContextManager[Any]:
    """Return a savepoint if a transaction is open, otherwise a context that does nothing.

    Without an open transaction, a single statement is a transaction of its own. This holds SQLite's
    write lock for the shortest time. Inside a transaction, the savepoint keeps the transaction
    usable after an `IntegrityError`.
    """
    return transaction.atomic() if connection.in_atomic_block else nullcontext()


def new_submissions(
    result: MultiDigitResult, *, owner: uuid.UUID, source: Source, strokes: list[Any] | None
) -> list[Submission]:
    """Return an unsaved submission of each digit with its own strokes, from left to right."""
    return [
        new_submission(
            digit,
            owner=owner,
            source=source,
            strokes=strokes and _crop_strokes(digit, strokes),
        )
        for digit in result.digits
    ]


def _crop_strokes(digit: DigitResult, strokes: list[Any]) -> list[Any] | None:
    """Return the strokes of one digit, or None if an import would refuse them.

    Cropping can move a point beyond the largest coordinate, or cut a stroke into very many.
    """
    cropped = digit.crop_strokes(strokes)
    return cropped if are_strokes(cropped) else None


def store_all(submissions: Sequence[Submission]) -> list[tuple[Submission, bool]]:
    """Store new submissions, all or none. Return what `store` returns for each."""
    # Two transactions that store the same images in a different order would wait for each other.
    ordered = sorted(submissions, key=lambda submission: bytes(submission.image_sha256))
    # A single statement needs no transaction.
    with transaction.atomic() if len(submissions) > 1 else nullcontext():
        stored = {id(submission): store(submission) for submission in ordered}
    return [stored[id(submission)] for submission in submissions]
