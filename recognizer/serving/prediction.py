"""Predict the digits in image files and in stored model inputs."""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from ml.arrays import Box, GreyImage, Pixels
from ml.evaluation.occlusion import occlusion
from ml.preprocessing import stroke_rendering
from ml.preprocessing.decode import (
    PAGE_SIDE,
    BadImageError,
    decode,
    lacks_end,
)
from ml.preprocessing.normalize import normalize
from ml.preprocessing.pages import PageNumber, read_page
from ml.preprocessing.picture_ink import CleanedPicture, clean
from ml.preprocessing.segmented_digit import SegmentedDigit
from ml.preprocessing.stroke_segmentation import segment_strokes
from ml.preprocessing.unreadable import check_readable
from ml.runtime import Prediction, to_text
from recognizer import metrics
from recognizer.models import Label
from recognizer.models.strokes import rounded
from recognizer.serving import model_registry, personal_memory
from recognizer.serving.personal_memory import OwnerMemory, PersonalPrediction

__all__ = [
    "BadImageError",
    "CanvasImage",
    "DigitResult",
    "Drawing",
    "MultiDigitResult",
    "PageNumber",
    "PageResult",
    "PredictionResult",
    "explained",
    "predict_image",
    "predict_number",
    "predict_page",
]


class CanvasImage(bytes):
    """An image file from the page's canvas. It shows nothing but ink, so it is not cleaned."""


Drawing = bytes | list[Any]  # an image file, or pen strokes: see recognizer.models.strokes


@dataclass(frozen=True)
class PredictionResult:
    """The prediction for one image.

    `grey` is the decoded image. `pixels` is the model input, (28, 28) uint8. `version` is the
    version that predicted. `prediction` is the network's own. `personal` is the prediction that the
    owner's memory has adjusted, or None if it has not. `is_incomplete` tells whether the end of the
    image file is missing. `explanation`, (28, 28) float32 in -1..1, tells how much each pixel
    supports the prediction; it is None if nobody asked for it.
    """

    grey: GreyImage
    pixels: Pixels
    prediction: Prediction
    personal: PersonalPrediction | None
    version: model_registry.LoadedVersion
    is_incomplete: bool = field(default=False, kw_only=True)
    explanation: npt.NDArray[np.float32] | None = field(default=None, kw_only=True)

    @property
    def shown(self) -> Prediction:
        """Return the prediction that the visitor sees."""
        return self.personal.prediction if self.personal else self.prediction


Result = TypeVar("Result", bound=PredictionResult)


def _to_grey(drawing: Drawing) -> GreyImage:
    if isinstance(drawing, bytes):
        return decode(drawing)
    return stroke_rendering.draw_strokes(rounded(drawing))


def _is_picture(drawing: Drawing) -> bool:
    """Return whether the drawing may show something else than ink on even paper."""
    return isinstance(drawing, bytes) and not isinstance(drawing, CanvasImage)


def _is_incomplete(drawing: Drawing) -> bool:
    return isinstance(drawing, bytes) and lacks_end(drawing)


def _clean(drawing: Drawing, grey: GreyImage) -> CleanedPicture:
    """Return the handwriting in the decoded drawing. Drawings from the page do not change."""
    return clean(grey) if _is_picture(drawing) else CleanedPicture(grey)


def _check_readable(
    drawing: Drawing, grey: GreyImage, picture: CleanedPicture, results: Sequence[PredictionResult]
) -> None:
    """Raise `BadImageError` if a better picture could be read: see `check_readable`."""
    if _is_picture(drawing):
        predictions = [each.shown for each in results]
        check_readable(grey, picture, predictions, results[0].version.recognizer)


def predict_image(drawing: Drawing, owner: uuid.UUID | None) -> PredictionResult:
    """Predict the digit in a drawing.

    The memory of `owner`, if it is not None, adjusts the prediction.

    Raises `BadImageError` if the file is not an accepted image, if it shows no drawing, or if it is
    a picture that shows several rows or a page of text, is out of focus or shows no whole sheet.
    """
    with metrics.PREDICTION_SECONDS.time():
        grey = _to_grey(drawing)
        picture = _clean(drawing, grey)
        pixels = normalize(picture.grey)
        version = model_registry.loaded_version()
        memory = personal_memory.memory_of(owner, version)
        personal = memory.predict(pixels) if memory else None
        prediction = personal.network if personal else version.recognizer.predict(pixels)
        result = PredictionResult(
            grey, pixels, prediction, personal, version, is_incomplete=_is_incomplete(drawing)
        )
        _check_readable(drawing, grey, picture, [result])
    _count(prediction, version)
    return result


@dataclass(frozen=True)
class DigitResult(PredictionResult):
    """The prediction for one digit of an image.

    `box` and `crop_strokes` are those of `SegmentedDigit`.
    """

    box: Box
    crop_strokes: Callable[[list[Any]], list[Any]]


@dataclass(frozen=True)
class MultiDigitResult:
    """The predictions for an image of one or more digits, from left to right."""

    digits: list[DigitResult]
    version: model_registry.LoadedVersion
    is_incomplete: bool  # as in `PredictionResult`

    @property
    def text(self) -> str | None:
        """Return the digits as text, such as "42" or "007". Return None if one is "not a digit"."""
        return to_text(digit.shown for digit in self.digits)


def predict_number(
    drawing: Drawing, owner: uuid.UUID | None, strokes: list[Any] | None
) -> MultiDigitResult:
    """Find and predict all digits in a drawing. Its `strokes` help to separate them.

    The memory of `owner`, if it is not None, adjusts the prediction of each digit. It does not
    change how the image is split into digits.

    Raises `BadImageError` if the file is not an accepted image, if it shows no drawing, or if it is
    a picture that shows several rows or a page of text, is out of focus or shows no whole sheet.
    """
    with metrics.PREDICTION_SECONDS.time():
        grey = _to_grey(drawing)
        version = model_registry.loaded_version()
        picture = _clean(drawing, grey)
        segments = segment_strokes(picture.grey, strokes or [], version.recognizer)
        memory = personal_memory.memory_of(owner, version)
        digits = [_to_digit_result(segment, picture, version, memory) for segment in segments]
        _check_readable(drawing, grey, picture, digits)
    if len(digits) == 1:
        digits = [replace(digits[0], grey=grey)]  # so that the whole image is stored
    for digit in digits:
        _count(digit.prediction, version)
    return MultiDigitResult(digits, version, _is_incomplete(drawing))


def _to_digit_result(
    segment: SegmentedDigit,
    picture: CleanedPicture,
    version: model_registry.LoadedVersion,
    memory: OwnerMemory | None,
) -> DigitResult:
    return DigitResult(
        segment.grey,
        segment.pixels,
        segment.prediction,
        memory.predict(segment.pixels) if memory else None,
        version,
        picture.to_original(segment.box),
        segment.crop_strokes,
    )


@dataclass(frozen=True)
class PageResult:
    """The rows of a page, from top to bottom, each with its numbers from left to right."""

    rows: list[list[PageNumber]]
    version: model_registry.LoadedVersion
    is_incomplete: bool  # as in `PredictionResult`


def predict_page(data: bytes, pause: Callable[[], None] = lambda: None) -> PageResult:
    """Find and predict all digits in the rows of a picture. Call `pause` before each number.

    Raises `BadImageError` if the file is not an accepted image, or if it shows no rows of digits.
    """
    with metrics.PREDICTION_SECONDS.time():
        grey = decode(data, PAGE_SIDE)
        version = model_registry.loaded_version()
        rows = read_page(grey, version.recognizer, pause)
    for digit in (digit for row in rows for number in row for digit in number.digits):
        _count(digit.prediction, version)
    return PageResult(rows, version, _is_incomplete(data))


def explained(result: Result) -> Result:
    """Return the result with its explanation."""
    return replace(result, explanation=occlusion(result.pixels, result.version.recognizer))


def _count(prediction: Prediction, version: model_registry.LoadedVersion) -> None:
    label = Label(prediction.label).label
    metrics.count_prediction(version.number, label, prediction.confidence)
