"""Complete the OpenAPI schema: request bodies in two content types, and error responses."""

from typing import Any, Final

from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    extend_schema_field,
    inline_serializer,
)
from rest_framework import serializers

from recognizer.api.exceptions import CODES
from recognizer.api.fields import StrokesField
from recognizer.api.prediction_serializers import ErrorSerializer
from recognizer.api.request_serializers import CLIENT_SOURCES, MAX_BATCH_SIZE
from recognizer.models import Source


@extend_schema_field(
    {"type": "string", "format": "base64-or-data-url", "description": "Base64, or a data URL."}
)
class Base64Field(serializers.Field):
    """Describe what `ImageField` accepts in JSON."""


@extend_schema_field({"type": "string", "description": "Base64, or a data URL."})
class BatchImageField(serializers.Field):
    """Describe one image of a batch in JSON.

    The schema gives no format, because one invalid image does not make the request invalid.
    """


@extend_schema_field(
    {"type": "string", "format": "strokes", "description": "JSON text, see the JSON body."}
)
class StrokesTextField(serializers.Field):
    """Describe what `StrokesField` accepts in a form."""


_BATCH_LIMITS: Final[dict[str, Any]] = {"min_length": 1, "max_length": MAX_BATCH_SIZE}


def _source() -> serializers.ChoiceField:
    return serializers.ChoiceField(
        choices=CLIENT_SOURCES,
        default=Source.API,
        help_text="Everything but handwriting is removed from an image, unless it comes from a "
        "canvas: unless the source is canvas, or the request contains strokes.",
    )


def _personal() -> serializers.BooleanField:
    return serializers.BooleanField(
        default=True,
        help_text="Whether the drawings that you corrected may adjust the prediction.",
    )


def _image_form() -> dict[str, serializers.Field]:
    return {
        "image": serializers.FileField(required=False),
        "strokes": StrokesTextField(required=False),
    }


def _image_json() -> dict[str, serializers.Field]:
    return {
        "image": Base64Field(required=False),
        "strokes": StrokesField(required=False, allow_null=True),
    }


def _body(
    name: str,
    form: dict[str, serializers.Field],
    json: dict[str, serializers.Field],
    **shared: serializers.Field,
) -> dict[str, serializers.Serializer]:
    """Return the two bodies of a request: a form with uploaded files, and JSON with base64."""
    return {
        "multipart/form-data": inline_serializer(f"{name}Form", {**form, **shared}),
        "application/json": inline_serializer(name, {**json, **shared}),
    }


RECOGNIZE_BODY: Final = _body(
    "Recognize",
    _image_form(),
    _image_json(),
    source=_source(),
    explain=serializers.BooleanField(
        default=False, help_text="Whether the response contains an explanation."
    ),
    personal=_personal(),
)
PAGE_BODY: Final = _body("Page", {"image": serializers.FileField()}, {"image": Base64Field()})
RECOGNIZE_BATCH_BODY: Final = _body(
    "RecognizeBatch",
    {"images": serializers.ListField(child=serializers.FileField(), **_BATCH_LIMITS)},
    {"images": serializers.ListField(child=BatchImageField(), **_BATCH_LIMITS)},
    personal=_personal(),
)
SUBMISSION_BODY: Final = _body(
    "NewSubmission", _image_form(), _image_json(), source=_source(), personal=_personal()
)
IDEMPOTENCY_KEY_PATTERN: Final = "[!-~]{1,64}"
IDEMPOTENCY_KEY: Final = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "pattern": f"^{IDEMPOTENCY_KEY_PATTERN}$"},
    OpenApiParameter.HEADER,
    description="A name of your choice for this drawing, such as a random UUID. A repeated request "
    "with the same key and the same image stores nothing.",
)

ERROR: Final = OpenApiResponse(ErrorSerializer)
BODY_ERRORS: Final = {400: ERROR, 413: ERROR, 415: ERROR}

HEADERS_TOO_LONG: Final = {
    "description": "The URL and the headers are longer than 32 KB. The web server itself responds.",
    "content": {"text/plain": {"schema": {"type": "string"}}},
}


def require_a_drawing(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Require an image or strokes in each body that has both fields.

    drf-spectacular calls this function as a hook and uses the schema that it returns.
    """
    for schema in result["components"]["schemas"].values():
        if {"image", "strokes"} <= schema.get("properties", {}).keys():
            if "id" in schema["properties"]:
                continue  # a response
            strokes = {**schema["properties"]["strokes"], "nullable": False}
            schema["anyOf"] = [
                {"required": ["image"]},
                {"required": ["strokes"], "properties": {"strokes": strokes}},
            ]
    # All fields are optional, so drf-spectacular takes the body for optional, too.
    for operations in result["paths"].values():
        body = operations.get("post", {}).get("requestBody", {})
        if "multipart/form-data" in body.get("content", ()):
            body["required"] = True
    return result


def add_errors(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Add the error responses that the views do not declare.

    drf-spectacular calls this function as a hook and uses the schema that it returns.
    """
    for path, operations in result["paths"].items():
        for operation in operations.values():
            for status in _general_statuses(path):
                operation["responses"].setdefault(status, _error(int(status)))
            operation["responses"]["431"] = HEADERS_TOO_LONG
    return result


def _general_statuses(path: str) -> list[str]:
    statuses = ["400", "401", "403", "406", "411", "429", "503"]
    if "{" in path:
        statuses.append("404")
    return statuses


def _error(status: int) -> dict[str, Any]:
    meanings = [
        f"`{code}`: {text}" for code, (code_status, text) in CODES.items() if code_status == status
    ]
    reference = {"$ref": "#/components/schemas/Error"}
    return {
        "description": " ".join(meanings),
        "content": {"application/json": {"schema": reference}},
    }


RECOGNIZE_BATCH_EXAMPLE: Final = OpenApiExample(
    "Two images, one of them blank",
    response_only=True,
    value={
        "results": [
            {
                "prediction": {
                    "digit": 7,
                    "confidence": 0.98,
                    "probabilities": [0.0, 0.01, 0.0, 0.0, 0.0, 0.0, 0.0, 0.99, 0.0, 0.0],
                    "personal": None,
                    "model_version": 1,
                    "model_input": "data:image/png;base64,iVBORw0KGgo=",
                    "explanation": None,
                    "incomplete": False,
                },
                "error": None,
            },
            {
                "prediction": None,
                "error": {"code": "blank_image", "detail": "The image is blank. Draw a digit."},
            },
        ]
    },
)
