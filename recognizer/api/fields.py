"""Fields that take exactly what the API says, and nothing that merely looks like it."""

import base64
import binascii
import json
from typing import Any, Final

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from recognizer.models import Answer, to_digit
from recognizer.recognition import BadImageError

MAX_STROKES: Final = 200
MAX_POINTS: Final = 10_000
MAX_NUMBER: Final = 1_000_000


@extend_schema_field(
    {
        "type": "integer",
        "minimum": 0,
        "maximum": 9,
        "nullable": True,
        "description": "0 to 9; null means: not a digit.",
    }
)
class DigitField(serializers.Field):
    """An answer: in JSON a number 0..9, or null for "not a digit"."""

    default_error_messages = {"invalid": "Must be a whole number from 0 to 9, or null."}

    def validate_empty_values(self, data: Any) -> tuple[bool, Any]:
        if data is None:
            return True, Answer.NOT_A_DIGIT
        return super().validate_empty_values(data)

    def to_internal_value(self, data: Any) -> Answer:
        # type() and not isinstance(): true is an int to Python.
        if type(data) is not int or not 0 <= data <= 9:
            self.fail("invalid")
        return Answer(data)

    def to_representation(self, value: int) -> int | None:
        return to_digit(value)


class ImageField(serializers.Field):
    """Image bytes: an uploaded file, or in JSON base64 or a data URL."""

    default_error_messages = {
        "invalid": "Must be an uploaded file, or base64 text, or a data URL with base64.",
    }

    def to_internal_value(self, data: Any) -> bytes:
        if hasattr(data, "read"):
            content: bytes = data.read()
            return content
        if not isinstance(data, str):
            self.fail("invalid")
        if data.startswith("data:"):
            head, _, data = data.partition(",")
            if not head.endswith(";base64"):
                self.fail("invalid")
        try:
            return base64.b64decode(data, validate=True)
        except (binascii.Error, ValueError) as error:
            raise BadImageError("not_base64", "The image is not valid base64.") from error


@extend_schema_field(
    {
        "type": "array",
        "maxItems": MAX_STROKES,
        "items": {
            "type": "array",
            "items": {
                "type": "array",
                "items": {"type": "number", "minimum": -MAX_NUMBER, "maximum": MAX_NUMBER},
                "minItems": 3,
                "maxItems": 3,
            },
        },
        "nullable": True,
        "description": "Each stroke a list of [x, y, milliseconds].",
    }
)
class StrokesField(serializers.Field):
    """The pen's way, as far as the sender knows it; in a form as JSON text."""

    default_error_messages = {
        "invalid": (
            "Must be a list of strokes, each a list of [x, y, milliseconds]: "
            f"at most {MAX_STROKES} strokes and {MAX_POINTS} points."
        ),
    }

    def to_internal_value(self, data: Any) -> list[list[list[float]]]:
        if isinstance(data, str):
            try:
                data = json.loads(data)
            except (ValueError, RecursionError):
                self.fail("invalid")
        if not _are_strokes(data):
            self.fail("invalid")
        strokes: list[list[list[float]]] = data
        return strokes

    def to_representation(self, value: Any) -> Any:
        return value


def _are_strokes(data: Any) -> bool:
    return (
        isinstance(data, list)
        and len(data) <= MAX_STROKES
        and all(isinstance(stroke, list) for stroke in data)
        and sum(len(stroke) for stroke in data) <= MAX_POINTS
        and all(_is_point(point) for stroke in data for point in stroke)
    )


def _is_point(point: Any) -> bool:
    return (
        isinstance(point, list)
        and len(point) == 3
        and all(type(number) in (int, float) and abs(number) <= MAX_NUMBER for number in point)
    )
