"""Fields that take exactly what the API says, and nothing that merely looks like it."""

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any, Final

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.utils import html

from recognizer.models import Answer, to_digit
from recognizer.recognition import BadImageError

MAX_STROKES: Final = 200
MAX_POINTS: Final = 10_000
MAX_NUMBER: Final = 1_000_000


class AsSent:
    """What is empty in a form is not taken for left out."""

    def get_value(self, dictionary: Mapping[str, Any]) -> Any:
        return dictionary.get(self.field_name, serializers.empty)  # type: ignore[attr-defined]


class ChoiceField(AsSent, serializers.ChoiceField):
    """One of the choices."""


class FlagField(AsSent, serializers.BooleanField):
    """True or false, in a form as text; not whatever might be meant by it."""

    def to_internal_value(self, data: Any) -> bool:
        if isinstance(data, str):
            data = {"true": True, "false": False}.get(data)
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


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

    default_error_messages = {"invalid": _("Must be a whole number from 0 to 9, or null.")}

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


class UnreadImageField(serializers.Field):
    """An uploaded file, or in JSON a text, whatever is in it."""

    default_error_messages = {
        "invalid": _("Must be an uploaded file; in JSON base64 text, or a data URL with base64."),
    }

    def to_internal_value(self, data: Any) -> Any:
        in_form = html.is_html_input(self.root.initial_data)
        if not (hasattr(data, "read") if in_form else isinstance(data, str)):
            self.fail("invalid")
        if isinstance(data, str) and data.startswith("data:"):
            head, _, data = data.partition(",")
            if not head.endswith(";base64"):
                self.fail("invalid")
        return data


class ImageField(UnreadImageField):
    """Image bytes: an uploaded file, or in JSON base64 or a data URL."""

    def to_internal_value(self, data: Any) -> bytes:
        return image_bytes(super().to_internal_value(data))


def image_bytes(data: Any) -> bytes:
    """Of an uploaded file, or of base64 text. Raises `BadImageError`."""
    if not isinstance(data, str):
        content: bytes = data.read()
        return content
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
class StrokesField(AsSent, serializers.Field):
    """The pen's way, as far as the sender knows it; in a form as JSON text."""

    default_error_messages = {
        "invalid": format_lazy(
            _(
                "Must be a list of strokes, each a list of [x, y, milliseconds]: "
                "at most {strokes} strokes and {points} points."
            ),
            strokes=MAX_STROKES,
            points=MAX_POINTS,
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
