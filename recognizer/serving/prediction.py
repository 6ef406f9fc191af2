"""Predict the digits in image files, and store the predicted images as submissions."""

import base64
import hashlib
import uuid
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db import IntegrityError, connection, transaction

from ml.arrays import IMAGE_SIDE, GreyImage, Pixels
from ml.evaluation.occlusion import occlusion
from ml.preprocessing.decode import BadImageError, decode, encode_png
from ml.preprocessing.normalize import normalize
from ml.preprocessing.segmentation import SegmentedDigit, segment_and_predict
from ml.runtime import NOT_A_DIGIT, Prediction, Recognizer
from recognizer import metrics
from recognizer.models import Label, Source, Submission
from recognizer.serving import model_registry

__all__ = [
    "BadImageError",
    "IdempotencyConflictError",
    "MultiDigitResult",
    "PredictionResult",
    "SegmentedDigit",
    "decode_pixels",
    "explain",
    "is_correct",
    "png_data_url",
    "predict_image",
    "predict_number",
    "reencode",
    "repredict",
    "store",
    "store_digits",
    "to_png",
]


@dataclass(frozen=True)
class PredictionResult:
    """The prediction for one image.

    `grey` is the decoded image. `pixels` is the model input, (28, 28) uint8. `version` is the
    version that predicted.
    """

    grey: GreyImage
    pixels: Pixels
    prediction: Prediction
    version: model_registry.LoadedVersion


def predict_image(data: bytes) -> PredictionResult:
    """Predict the digit in an image file.

    Raises `BadImageError` if the file is not an accepted image, or if it shows no drawing.
    """
    with metrics.PREDICTION_SECONDS.time():
        grey = decode(data)
        pixels = normalize(grey)
        version = model_registry.loaded_version()
        prediction = version.recognizer.predict(pixels)
    _count(prediction, version)
    return PredictionResult(grey, pixels, prediction, version)


@dataclass(frozen=True)
class MultiDigitResult:
    """The predictions for an image of one or more digits, from left to right."""

    digits: list[SegmentedDigit]
    version: model_registry.LoadedVersion

    @property
    def text(self) -> str | None:
        """Return the digits as text, such as "42" or "007". Return None if one is "not a digit"."""
        labels = [digit.prediction.label for digit in self.digits]
        return None if NOT_A_DIGIT in labels else "".join(map(str, labels))


def predict_number(data: bytes) -> MultiDigitResult:
    """Find and predict all digits in an image file.

    Raises `BadImageError` if the file is not an accepted image, or if it shows no drawing.
    """
    with metrics.PREDICTION_SECONDS.time():
        grey = decode(data)
        version = model_registry.loaded_version()
        digits = segment_and_predict(grey, version.recognizer)
    for digit in digits:
        _count(digit.prediction, version)
    return MultiDigitResult(digits, version)


def explain(pixels: Pixels, version: model_registry.LoadedVersion) -> npt.NDArray[np.float32]:
    """Return how much each pixel supports the prediction, (28, 28) float32 in -1..1."""
    return occlusion(pixels, version.recognizer)


class IdempotencyConflictError(Exception):
    """Raised when the owner has already used the idempotency key for another image."""


def store(
    result: PredictionResult,
    *,
    owner: uuid.UUID,
    source: Source,
    strokes: list[Any] | None,
    idempotency_key: str | None = None,
) -> tuple[Submission, bool]:
    """Store a predicted image, and return the submission and whether it is new.

    Each owner's image is stored only once. Storing it again returns the existing submission.

    Raises `IdempotencyConflictError` if the owner has used the key for another image.
    """
    submission = _to_submission(
        result, owner=owner, source=source, strokes=strokes, idempotency_key=idempotency_key
    )
    try:
        with _savepoint_if_needed():
            submission.save(force_insert=True)
    except IntegrityError:
        earlier = Submission.objects.filter(
            owner=owner, image_sha256=submission.image_sha256
        ).first()
        if earlier is None:
            raise IdempotencyConflictError from None
        return earlier, False
    metrics.SUBMISSIONS.labels(source).inc()
    return submission, True


def _to_submission(result: PredictionResult, *, owner: uuid.UUID, **fields: Any) -> Submission:
    image = encode_png(result.grey)
    return Submission(
        image=image,
        image_sha256=hashlib.sha256(image).digest(),
        pixels=result.pixels.tobytes(),
        predicted_digit=result.prediction.label,
        confidence=result.prediction.confidence,
        probabilities=result.prediction.probabilities,
        model_version=result.version.row,
        live_prediction=result.prediction.label,
        live_prediction_version=result.version.row,
        review_round=Submission.objects.next_round(owner),
        owner=owner,
        **fields,
    )


def _savepoint_if_needed() -> AbstractContextManager[Any]:
    """Return a savepoint if a transaction is open, otherwise a context that does nothing.

    Without an open transaction, a single statement is a transaction of its own. This holds SQLite's
    write lock for the shortest time. Inside a transaction, the savepoint keeps the transaction
    usable after an `IntegrityError`.
    """
    return transaction.atomic() if connection.in_atomic_block else nullcontext()


def store_digits(
    result: MultiDigitResult, *, owner: uuid.UUID, source: Source, strokes: list[Any] | None
) -> tuple[list[Submission], bool]:
    """Store each digit as a submission with its own strokes, in one transaction.

    Return the submissions from left to right, and whether at least one of them is new.
    """
    with transaction.atomic():
        stored = [
            store(
                PredictionResult(digit.grey, digit.pixels, digit.prediction, result.version),
                owner=owner,
                source=source,
                strokes=strokes and digit.crop_strokes(strokes),
            )
            for digit in result.digits
        ]
    return [submission for submission, _ in stored], any(is_new for _, is_new in stored)


def repredict(pixels: bytes | memoryview, recognizer: Recognizer) -> Prediction:
    """Return the prediction for a stored model input, 28×28 bytes."""
    return recognizer.predict(_to_array(pixels))


def is_correct(submission: Submission, version: model_registry.LoadedVersion | None) -> bool | None:
    """Return whether `version` predicts the reviewer's label.

    Return None if the submission has no label or `version` is None.
    """
    if submission.label is None or version is None:
        return None
    return repredict(submission.pixels, version.recognizer).label == submission.label


def png_data_url(pixels: bytes | memoryview) -> str:
    """Return a stored model input, 28×28 bytes, as a PNG file in a data URL."""
    return "data:image/png;base64," + base64.b64encode(to_png(pixels)).decode()


def to_png(pixels: bytes | memoryview) -> bytes:
    """Return a stored model input, 28×28 bytes, as a PNG file."""
    return encode_png(_to_array(pixels))


def decode_pixels(png: bytes) -> bytes:
    """Return the pixels of a 28×28 PNG file, 28×28 bytes. This is the inverse of `to_png`.

    Raises `BadImageError` if the file is not an accepted image, or has another size.
    """
    grey = decode(png)
    if grey.shape != (IMAGE_SIDE, IMAGE_SIDE):
        raise BadImageError("wrong_size", f"The image is not {IMAGE_SIDE}×{IMAGE_SIDE} pixels.")
    return grey.tobytes()


def reencode(image: bytes) -> bytes:
    """Return an image file as a grey PNG without metadata.

    Raises `BadImageError` if the file is not an accepted image.
    """
    return encode_png(decode(image))


def _count(prediction: Prediction, version: model_registry.LoadedVersion) -> None:
    label = Label(prediction.label).label
    metrics.count_prediction(version.number, label, prediction.confidence)


def _to_array(pixels: bytes | memoryview) -> Pixels:
    return np.frombuffer(pixels, np.uint8).reshape(IMAGE_SIDE, IMAGE_SIDE)
