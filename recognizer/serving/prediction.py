"""Predict image files, and store them as submissions."""

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
    """The prediction of one image.

    `grey` is the decoded image, `pixels` the model input (28×28), `version` the version that
    predicted.
    """

    grey: GreyImage
    pixels: Pixels
    prediction: Prediction
    version: model_registry.LoadedVersion


def predict_image(data: bytes) -> PredictionResult:
    """Predict the digit in an image file. Raise `BadImageError` if the image is unusable."""
    with metrics.PREDICTION_SECONDS.time():
        grey = decode(data)
        pixels = normalize(grey)
        version = model_registry.loaded_version()
        prediction = version.recognizer.predict(pixels)
    _count(prediction, version)
    return PredictionResult(grey, pixels, prediction, version)


@dataclass(frozen=True)
class MultiDigitResult:
    """The predictions of one image with several digits, from left to right."""

    digits: list[SegmentedDigit]
    version: model_registry.LoadedVersion

    @property
    def text(self) -> str | None:
        """Return the digits as text, such as "42" or "007"; None if one of them is not a digit."""
        labels = [digit.prediction.label for digit in self.digits]
        return None if NOT_A_DIGIT in labels else "".join(map(str, labels))


def predict_number(data: bytes) -> MultiDigitResult:
    """Find and predict all digits in an image file. Raise `BadImageError` as `predict_image`."""
    with metrics.PREDICTION_SECONDS.time():
        grey = decode(data)
        version = model_registry.loaded_version()
        digits = segment_and_predict(grey, version.recognizer)
    for digit in digits:
        _count(digit.prediction, version)
    return MultiDigitResult(digits, version)


def explain(pixels: Pixels, version: model_registry.LoadedVersion) -> npt.NDArray[np.float32]:
    """Return how much each of the 28×28 pixels supports the prediction, from -1 to 1."""
    return occlusion(pixels, version.recognizer)


class IdempotencyConflictError(Exception):
    """Raised when the owner has used the idempotency key for another image before."""


def store(
    result: PredictionResult,
    *,
    owner: uuid.UUID,
    source: Source,
    strokes: list[Any] | None,
    idempotency_key: str | None = None,
) -> tuple[Submission, bool]:
    """Store a predicted image; return the submission and whether it is new.

    The same image of the same owner is stored only once. Raise `IdempotencyConflictError`.
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


def _to_submission(result: PredictionResult, **fields: Any) -> Submission:
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
        **fields,
    )


def _savepoint_if_needed() -> AbstractContextManager[Any]:
    """Return a savepoint inside a transaction, and otherwise a context that does nothing.

    A single statement is its own transaction. It holds SQLite's write lock for the shortest time.
    """
    return transaction.atomic() if connection.in_atomic_block else nullcontext()


def store_digits(
    result: MultiDigitResult, *, owner: uuid.UUID, source: Source, strokes: list[Any] | None
) -> tuple[list[Submission], bool]:
    """Store each digit with its own strokes, all or none.

    Return the submissions from left to right, and whether one of them is new.
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
    """Predict the label of a stored model input, 28×28 bytes."""
    return recognizer.predict(_to_array(pixels))


def is_correct(submission: Submission, version: model_registry.LoadedVersion | None) -> bool | None:
    """Return whether `version` predicts the reviewer's label; None if one of them is missing."""
    if submission.label is None or version is None:
        return None
    return repredict(submission.pixels, version.recognizer).label == submission.label


def png_data_url(pixels: bytes | memoryview) -> str:
    """Return 28×28 bytes as a PNG in a data URL."""
    return "data:image/png;base64," + base64.b64encode(to_png(pixels)).decode()


def to_png(pixels: bytes | memoryview) -> bytes:
    """Return 28×28 bytes as a PNG file."""
    return encode_png(_to_array(pixels))


def decode_pixels(png: bytes) -> bytes:
    """Return the 28×28 bytes of a PNG file, unchanged. Raise `BadImageError`."""
    grey = decode(png)
    if grey.shape != (IMAGE_SIDE, IMAGE_SIDE):
        raise BadImageError("wrong_size", f"The image is not {IMAGE_SIDE}×{IMAGE_SIDE} pixels.")
    return grey.tobytes()


def reencode(image: bytes) -> bytes:
    """Return an image file as a grey PNG without metadata. Raise `BadImageError`."""
    return encode_png(decode(image))


def _count(prediction: Prediction, version: model_registry.LoadedVersion) -> None:
    label = Label(prediction.label).label
    metrics.count_prediction(version.number, label, prediction.confidence)


def _to_array(pixels: bytes | memoryview) -> Pixels:
    return np.frombuffer(pixels, np.uint8).reshape(IMAGE_SIDE, IMAGE_SIDE)
