"""The bridge from image bytes to an answer, and to a stored submission."""

import base64
import hashlib
import uuid
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db import IntegrityError, connection, transaction

from ml.decode import BadImageError, Grey, decode, encode_png
from ml.explain import occlusion
from ml.normalize import SIDE, Pixels, normalize
from ml.runtime import NOT_A_DIGIT, Reading, Recognizer
from ml.segment import Digit, read_digits
from recognizer import metrics, registry
from recognizer.models import Source, Submission

__all__ = [
    "BadImageError",
    "Digit",
    "KeyReusedError",
    "Number",
    "Recognition",
    "pixels_of",
    "png_data_url",
    "read_again",
    "reads_right",
    "recognize",
    "recognize_number",
    "store",
    "store_number",
    "to_png",
    "why",
    "without_metadata",
]


@dataclass(frozen=True)
class Recognition:
    """One image, read: the grey picture, what the network saw of it, what it answered."""

    grey: Grey
    pixels: Pixels
    reading: Reading
    version: registry.Served


def recognize(data: bytes) -> Recognition:
    """Read an image file; stores nothing. Raises `BadImageError` for what cannot be read."""
    with metrics.RECOGNITION_SECONDS.time():
        grey = decode(data)
        pixels = normalize(grey)
        version = registry.serving()
        reading = version.recognizer.read(pixels)
    metrics.answered(version.number, reading.answer, reading.confidence)
    return Recognition(grey, pixels, reading, version)


@dataclass(frozen=True)
class Number:
    """One image with digits side by side, each read by itself, from left to right."""

    digits: list[Digit]
    version: registry.Served

    @property
    def text(self) -> str | None:
        """As it is written, "42" or "007"; None for what is no digit."""
        answers = [digit.reading.answer for digit in self.digits]
        return None if NOT_A_DIGIT in answers else "".join(map(str, answers))


def recognize_number(data: bytes) -> Number:
    """Read all digits in an image file; else as `recognize()`, also in what it raises."""
    with metrics.RECOGNITION_SECONDS.time():
        grey = decode(data)
        version = registry.serving()
        digits = read_digits(grey, version.recognizer)
    for digit in digits:
        metrics.answered(version.number, digit.reading.answer, digit.reading.confidence)
    return Number(digits, version)


def why(pixels: Pixels, version: registry.Served) -> npt.NDArray[np.float32]:
    """How much the answer hangs on each of the 28×28 pixels, -1..1."""
    return occlusion(pixels, version.recognizer)


class KeyReusedError(Exception):
    """The owner's idempotency key belongs to another image."""


def store(
    read: Recognition,
    *,
    owner: uuid.UUID,
    source: Source,
    strokes: list[Any] | None,
    idempotency_key: str | None = None,
) -> tuple[Submission, bool]:
    """Store what was read; returns the submission and whether it is new.

    The same image of the same owner is stored once. Raises `KeyReusedError`.
    """
    image = encode_png(read.grey)
    sha256 = hashlib.sha256(image).digest()
    submission = Submission(
        owner=owner,
        source=source,
        image=image,
        image_sha256=sha256,
        pixels=read.pixels.tobytes(),
        strokes=strokes,
        idempotency_key=idempotency_key,
        predicted_digit=read.reading.answer,
        confidence=read.reading.confidence,
        probabilities=read.reading.probabilities,
        model_version=read.version.row,
        latest_digit=read.reading.answer,
        latest_version=read.version.row,
    )
    try:
        with _shortest_transaction():
            submission.save(force_insert=True)
    except IntegrityError:
        earlier = Submission.objects.filter(owner=owner, image_sha256=sha256).first()
        if earlier is None:
            raise KeyReusedError from None
        return earlier, False
    metrics.STORED.labels(source).inc()
    return submission, True


def _shortest_transaction() -> AbstractContextManager[Any]:
    """Alone, a statement is its own transaction: SQLite's only lock is held no longer than that."""
    return transaction.atomic() if connection.in_atomic_block else nullcontext()


def store_number(
    number: Number, *, owner: uuid.UUID, source: Source, strokes: list[Any] | None
) -> tuple[list[Submission], bool]:
    """Store each digit as `store()` does, all or nothing, with the strokes that drew it."""
    with transaction.atomic():
        stored = [
            store(
                Recognition(digit.grey, digit.pixels, digit.reading, number.version),
                owner=owner,
                source=source,
                strokes=strokes and digit.strokes(strokes),
            )
            for digit in number.digits
        ]
    return [submission for submission, _ in stored], any(is_new for _, is_new in stored)


def read_again(pixels: bytes | memoryview, recognizer: Recognizer) -> Reading:
    """What `recognizer` answers to 28×28 bytes that are stored."""
    return recognizer.read(_picture(pixels))


def reads_right(submission: Submission, served: registry.Served | None) -> bool | None:
    """Whether `served` reads it as the reviewer's label; None where either is missing."""
    if submission.label is None or served is None:
        return None
    return read_again(submission.pixels, served.recognizer).answer == submission.label


def png_data_url(pixels: bytes | memoryview) -> str:
    """28×28 bytes as a picture that a page can show at once."""
    return "data:image/png;base64," + base64.b64encode(to_png(pixels)).decode()


def to_png(pixels: bytes | memoryview) -> bytes:
    """28×28 bytes as a picture."""
    return encode_png(_picture(pixels))


def pixels_of(png: bytes) -> bytes:
    """Of a picture of 28×28 its bytes, as they are. Raises `BadImageError`."""
    grey = decode(png)
    if grey.shape != (SIDE, SIDE):
        raise BadImageError("wrong_size", f"The picture is not {SIDE}×{SIDE}.")
    return grey.tobytes()


def without_metadata(image: bytes) -> bytes:
    """A picture as it is stored. Raises `BadImageError`."""
    return encode_png(decode(image))


def _picture(pixels: bytes | memoryview) -> Pixels:
    return np.frombuffer(pixels, np.uint8).reshape(SIDE, SIDE)
