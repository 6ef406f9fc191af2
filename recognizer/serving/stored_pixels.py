"""Use the stored pixels of a submission: predict them again, or convert them."""

import base64

import numpy as np

from ml.arrays import IMAGE_SIDE, Pixels
from ml.preprocessing.decode import BadImageError, decode
from ml.preprocessing.png import encode_png
from ml.runtime import Prediction, Recognizer
from recognizer.models import Submission
from recognizer.serving import model_registry

__all__ = [
    "IMAGE_SIDE",
    "decode_pixels",
    "is_correct",
    "png_data_url",
    "repredict",
    "to_array",
    "to_png",
]


def to_array(pixels: bytes | memoryview) -> Pixels:
    """Return a stored model input, 28×28 bytes, as an array."""
    return np.frombuffer(pixels, np.uint8).reshape(IMAGE_SIDE, IMAGE_SIDE)


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
