"""The bridge from image bytes to an answer, and to a stored submission."""

import base64
import hashlib
import uuid
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import IntegrityError, transaction

from ml.decode import BadImageError, Grey, decode, encode_png
from ml.normalize import SIDE, Pixels, normalize
from ml.runtime import Reading, Recognizer
from recognizer import registry
from recognizer.models import Source, Submission

__all__ = ["BadImageError", "Recognition", "png_data_url", "read_again", "recognize", "store"]


@dataclass(frozen=True)
class Recognition:
    """One image, read: the grey picture, what the network saw of it, what it answered."""

    grey: Grey
    pixels: Pixels
    reading: Reading
    version: registry.Served


def recognize(data: bytes) -> Recognition:
    """Read an image file; stores nothing. Raises `BadImageError` for what cannot be read."""
    grey = decode(data)
    pixels = normalize(grey)
    version = registry.serving()
    return Recognition(grey, pixels, version.recognizer.read(pixels), version)


def store(
    read: Recognition, *, owner: uuid.UUID, source: Source, strokes: list[Any] | None
) -> tuple[Submission, bool]:
    """Store what was read; returns the submission and whether it is new.

    The same image of the same owner is stored once.
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
        predicted_digit=read.reading.answer,
        confidence=read.reading.confidence,
        probabilities=read.reading.probabilities,
        model_version_id=read.version.pk,
    )
    try:
        with transaction.atomic():
            submission.save(force_insert=True)
    except IntegrityError:
        return Submission.objects.get(owner=owner, image_sha256=sha256), False
    return submission, True


def read_again(pixels: bytes | memoryview, recognizer: Recognizer) -> Reading:
    """What `recognizer` answers to 28×28 bytes that are stored."""
    return recognizer.read(_picture(pixels))


def png_data_url(pixels: bytes | memoryview) -> str:
    """28×28 bytes as a picture that a page can show at once."""
    return "data:image/png;base64," + base64.b64encode(encode_png(_picture(pixels))).decode()


def _picture(pixels: bytes | memoryview) -> Pixels:
    return np.frombuffer(pixels, np.uint8).reshape(SIDE, SIDE)
