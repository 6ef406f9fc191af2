"""Predict the digits in image files, and store the predicted images as submissions."""

import base64
import hashlib
import math
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from django.db import IntegrityError, connection, transaction
from PIL import Image

from ml.arrays import IMAGE_SIDE, GreyImage, Pixels
from ml.evaluation.occlusion import occlusion
from ml.preprocessing import decode_cost
from ml.preprocessing.decode import MAX_SIDE, BadImageError, decode, encode_png
from ml.preprocessing.normalize import normalize
from ml.preprocessing.segmentation import SegmentedDigit, segment_and_predict
from ml.runtime import NOT_A_DIGIT, Prediction, Recognizer
from recognizer import metrics
from recognizer.models import Label, Source, Submission
from recognizer.models.strokes import rounded
from recognizer.serving import model_registry, personal_memory
from recognizer.serving.personal_memory import OwnerMemory, PersonalPrediction
from recognizer.serving.stored_pixels import to_array

__all__ = [
    "MAX_BATCH_PIXELS",
    "BadImageError",
    "DigitResult",
    "IdempotencyConflictError",
    "MultiDigitResult",
    "PredictionResult",
    "decode_pixels",
    "estimate_work",
    "explain",
    "is_correct",
    "new_submission",
    "new_submissions",
    "png_data_url",
    "predict_image",
    "predict_number",
    "reencode",
    "repredict",
    "store",
    "store_all",
    "to_png",
]

MAX_BATCH_PIXELS: Final = decode_cost.MAX_PIXELS["JPEG"]  # of all images of a batch in sum
PIXEL_MICROSECONDS: Final = 0.1  # of a decoded image, to find the ink and to predict it
# A drawing of the page takes 3 to 6 KB. A larger image is stored with fewer pixels.
MAX_STORED_BYTES: Final = 100_000
STORED_SIDE: Final = 300  # pixels; at most 90 KB


@dataclass(frozen=True)
class Work:
    """The estimated work of predicting an image."""

    pixels: int
    milliseconds: int


def estimate_work(data: bytes) -> Work:
    """Estimate the work of decoding and predicting an image file, without decoding it."""
    cost = decode_cost.estimate(data)
    if cost.is_too_large or cost.is_too_slow:
        return Work(0, 0)  # It is rejected.
    predict = PIXEL_MICROSECONDS * min(cost.pixels, MAX_SIDE**2)
    return Work(cost.pixels, math.ceil((cost.microseconds + predict) / 1000))


@dataclass(frozen=True)
class PredictionResult:
    """The prediction for one image.

    `grey` is the decoded image. `pixels` is the model input, (28, 28) uint8. `version` is the
    version that predicted. `prediction` is the network's own. `personal` is what the owner's memory
    makes of it, or None.
    """

    grey: GreyImage
    pixels: Pixels
    prediction: Prediction
    personal: PersonalPrediction | None
    version: model_registry.LoadedVersion

    @property
    def shown(self) -> Prediction:
        """Return the prediction that the visitor sees."""
        return self.personal.prediction if self.personal else self.prediction


def predict_image(data: bytes, owner: uuid.UUID | None) -> PredictionResult:
    """Predict the digit in an image file.

    The memory of `owner`, if it is not None, adjusts the prediction.

    Raises `BadImageError` if the file is not an accepted image, or if it shows no drawing.
    """
    with metrics.PREDICTION_SECONDS.time():
        grey = decode(data)
        pixels = normalize(grey)
        version = model_registry.loaded_version()
        prediction = version.recognizer.predict(pixels)
        memory = personal_memory.memory_of(owner, version)
        personal = memory.predict(pixels) if memory else None
    _count(prediction, version)
    return PredictionResult(grey, pixels, prediction, personal, version)


@dataclass(frozen=True)
class DigitResult(PredictionResult):
    """The prediction for one digit of an image.

    `box` and `crop_strokes` are those of `SegmentedDigit`.
    """

    box: tuple[float, float, float, float]
    crop_strokes: Callable[[list[Any]], list[Any]]


@dataclass(frozen=True)
class MultiDigitResult:
    """The predictions for an image of one or more digits, from left to right."""

    digits: list[DigitResult]
    version: model_registry.LoadedVersion

    @property
    def text(self) -> str | None:
        """Return the digits as text, such as "42" or "007". Return None if one is "not a digit"."""
        labels = [digit.shown.label for digit in self.digits]
        return None if NOT_A_DIGIT in labels else "".join(map(str, labels))


def predict_number(data: bytes, owner: uuid.UUID | None) -> MultiDigitResult:
    """Find and predict all digits in an image file.

    The memory of `owner`, if it is not None, adjusts the prediction of each digit. It does not
    change how the image is split into digits.

    Raises `BadImageError` if the file is not an accepted image, or if it shows no drawing.
    """
    with metrics.PREDICTION_SECONDS.time():
        grey = decode(data)
        version = model_registry.loaded_version()
        segments = segment_and_predict(grey, version.recognizer)
        memory = personal_memory.memory_of(owner, version)
        digits = [_to_digit_result(segment, version, memory) for segment in segments]
    for digit in digits:
        _count(digit.prediction, version)
    return MultiDigitResult(digits, version)


def _to_digit_result(
    segment: SegmentedDigit, version: model_registry.LoadedVersion, memory: OwnerMemory | None
) -> DigitResult:
    return DigitResult(
        segment.grey,
        segment.pixels,
        segment.prediction,
        memory.predict(segment.pixels) if memory else None,
        version,
        segment.box,
        segment.crop_strokes,
    )


def explain(pixels: Pixels, version: model_registry.LoadedVersion) -> npt.NDArray[np.float32]:
    """Return how much each pixel supports the prediction, (28, 28) float32 in -1..1."""
    return occlusion(pixels, version.recognizer)


class IdempotencyConflictError(Exception):
    """Raised when the owner has already used the idempotency key for another image."""


def store(submission: Submission) -> tuple[Submission, bool]:
    """Store a new submission, and return the stored one and whether it is new.

    Each owner's image is stored only once. Storing it again returns the existing submission.

    Raises `IdempotencyConflictError` if the owner has used the key for another image.
    """
    owner_round = Submission.objects.next_round(submission.owner)
    submission.review_round = max(submission.review_round, owner_round)
    try:
        with _savepoint_if_needed():
            submission.save(force_insert=True)
    except IntegrityError:
        own = Submission.objects.owned_by(submission.owner)
        earlier = own.filter(image_sha256=submission.image_sha256).first()
        key = submission.idempotency_key
        with_key = own.filter(idempotency_key=key, idempotency_key__isnull=False)
        if earlier is None or with_key.exclude(pk=earlier.pk).exists():
            raise IdempotencyConflictError from None
        return earlier, False
    metrics.SUBMISSIONS.labels(submission.source).inc()
    return submission, True


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
            strokes=strokes and digit.crop_strokes(strokes),
        )
        for digit in result.digits
    ]


def store_all(submissions: list[Submission]) -> list[tuple[Submission, bool]]:
    """Store new submissions in one transaction. Return what `store` returns for each."""
    with transaction.atomic():
        return [store(submission) for submission in submissions]


def repredict(pixels: bytes | memoryview, recognizer: Recognizer) -> Prediction:
    """Return the prediction for a stored model input, 28×28 bytes."""
    return recognizer.predict(to_array(pixels))


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
    return encode_png(to_array(pixels))


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
