"""Serializer fields that accept exactly the documented values."""

import base64
import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.utils import html

from recognizer.api.parsers import MAX_JSON_VALUES
from recognizer.models import Label, to_digit
from recognizer.models.strokes import (
    MAX_COORDINATE,
    MAX_POINTS,
    MAX_STROKES,
    are_strokes,
)
from recognizer.serving.prediction import BadImageError

URL_SAFE_TO_STANDARD: Final = bytes.maketrans(b"-_", b"+/")
BASE64_BLOCK: Final = 65_536  # characters, a multiple of 4
WHITE_SPACE: Final = b" \t\n\r\f\v"
MAX_REPEATED: Final = 50  # characters of an invalid value in its error message


class FormValueMixin:
    """Treat forms like JSON: validate an empty value, and give a missing field its default.

    In forms, DRF reads the empty text of an optional field as missing or as null, and a missing
    boolean as False.
    """

    def get_value(self, dictionary: Mapping[str, Any]) -> Any:
        """Return the value from the body, or DRF's `empty` if the field is missing."""
        return dictionary.get(self.field_name, serializers.empty)  # type: ignore[attr-defined]


class ChoiceField(FormValueMixin, serializers.ChoiceField):
    """Accept one of the choices. An empty value in a form is an error, even with a default."""

    def to_internal_value(self, data: Any) -> Any:
        """Return the choice. Raises `ValidationError` for any other value."""
        if not isinstance(data, str):
            self.fail("invalid_choice", input=type(data).__name__)
        return super().to_internal_value(data[:MAX_REPEATED])


class StrictBooleanField(FormValueMixin, serializers.BooleanField):
    """Accept true and false. Also accept them as text, because forms contain only text.

    DRF's field also accepts values such as "yes" and 1.
    """

    def to_internal_value(self, data: Any) -> bool:
        """Return the boolean. Raises `ValidationError` for any other value."""
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
        "description": "0 to 9, or null for “not a digit”.",
    }
)
class DigitField(serializers.Field):
    """Represent a label as an integer from 0 to 9, or as null for "not a digit".

    The field is for JSON only: no form contains a digit.
    """

    default_error_messages = {"invalid": _("Must be a whole number from 0 to 9, or null.")}

    def validate_empty_values(self, data: Any) -> tuple[bool, Any]:
        """Treat null as the label "not a digit" instead of as a missing value."""
        if data is None:
            return True, Label.NOT_A_DIGIT
        return super().validate_empty_values(data)

    def to_internal_value(self, data: Any) -> Label:
        """Return the label of a digit. Raises `ValidationError` for any other value."""
        # isinstance() would accept true, because bool is a subclass of int.
        if type(data) is not int or not 0 <= data <= 9:
            self.fail("invalid")
        return Label(data)

    def to_representation(self, value: int) -> int | None:
        """Return the digit of a label, or None for "not a digit"."""
        return to_digit(value)


class EncodedImageField(FormValueMixin, serializers.Field):
    """Accept an uploaded file (form), or base64 text or a base64 data URL (JSON).

    Return the base64 text without decoding it. The prefix of a data URL may be in any case.
    """

    default_error_messages = {
        "invalid": _("Must be an uploaded file or, in JSON, base64 text or a base64 data URL."),
    }

    def to_internal_value(self, data: Any) -> Any:
        """Return the uploaded file, or the base64 text without the prefix of a data URL.

        Raises `ValidationError` for any other value, and for a data URL without base64.
        """
        is_form = html.is_html_input(self.root.initial_data)
        if not (hasattr(data, "read") if is_form else isinstance(data, str)):
            self.fail("invalid")
        if isinstance(data, str) and data.lstrip()[:5].lower() == "data:":
            media_type, _separator, data = data.partition(",")
            if not media_type.lower().endswith(";base64"):
                self.fail("invalid")
        return data


class ImageField(EncodedImageField):
    """Accept the same values as `EncodedImageField`, but return the bytes of the file."""

    def to_internal_value(self, data: Any) -> bytes:
        """Return the bytes of the image file.

        Raises `ValidationError` for any other value. Raises `BadImageError` if the text is not
        valid base64.
        """
        return read_image_bytes(super().to_internal_value(data))


def read_image_bytes(data: Any) -> bytes:
    """Return the bytes of an uploaded file or of base64 text.

    The base64 may have line breaks and the URL-safe alphabet, and may lack its padding (RFC 4648).
    Raises `BadImageError` if the text is not valid base64.
    """
    if not isinstance(data, str):
        content: bytes = data.read()
        return content
    try:
        text = data.encode("ascii")
        with suppress(ValueError):  # Nearly all clients send the standard form.
            return _decode_base64(text)
        text = text.translate(URL_SAFE_TO_STANDARD, WHITE_SPACE).rstrip(b"=")
        return _decode_base64(text + b"=" * (-len(text) % 4))
    except ValueError as error:
        raise BadImageError("not_base64", "The image is not valid base64.") from error


def _decode_base64(text: bytes) -> bytes:
    """Decode base64 in its standard form. Raises `ValueError` if it is not valid.

    Other threads can run between the blocks.
    """
    if text.find(b"=", 0, -2) != -1:
        raise ValueError("There is padding before the end.")
    starts = range(0, len(text), BASE64_BLOCK)
    blocks = (text[start : start + BASE64_BLOCK] for start in starts)
    return b"".join(base64.b64decode(block, validate=True) for block in blocks)


@extend_schema_field(
    {
        "type": "array",
        "maxItems": MAX_STROKES,
        "items": {
            "type": "array",
            "items": {
                "type": "array",
                "items": {
                    "type": "number",
                    "minimum": -MAX_COORDINATE,
                    "maximum": MAX_COORDINATE,
                },
                "minItems": 3,
                "maxItems": 4,
            },
        },
        "nullable": True,
        "description": "The pen strokes. Each stroke is a list of points [x, y, milliseconds] or "
        "[x, y, milliseconds, width]. x and y are pixels of a canvas of 280×280. The width is that "
        f"of the line, in pixels. There are at most {MAX_POINTS} points.",
    }
)
class StrokesField(FormValueMixin, serializers.Field):
    """Accept pen strokes as a list. Also accept JSON text, because forms contain only text."""

    default_error_messages = {
        "invalid": format_lazy(
            _(
                "Must be a list of strokes, each a list of [x, y, milliseconds] or "
                "[x, y, milliseconds, width]: at most {strokes} strokes and {points} points."
            ),
            strokes=MAX_STROKES,
            points=MAX_POINTS,
        ),
    }

    def to_internal_value(self, data: Any) -> list[list[list[float]]]:
        """Return the strokes. Raises `ValidationError` if they are invalid or too many."""
        if isinstance(data, str):
            try:
                data = json.loads(data) if data.count(",") <= MAX_JSON_VALUES else None
            except (ValueError, RecursionError):
                self.fail("invalid")
        if not are_strokes(data):
            self.fail("invalid")
        strokes: list[list[list[float]]] = data
        return strokes

    def to_representation(self, value: Any) -> Any:
        """Return the stored strokes unchanged."""
        return value
