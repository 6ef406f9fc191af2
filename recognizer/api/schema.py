"""What the OpenAPI schema says that the code cannot: bodies in two forms, and errors."""

from typing import Any, Final

from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    extend_schema_field,
    inline_serializer,
)
from rest_framework import serializers

from recognizer.api.errors import CODES
from recognizer.api.fields import StrokesField
from recognizer.api.serializers import MAX_IMAGES, SENT, ErrorSerializer
from recognizer.models import Source


@extend_schema_field(
    {"type": "string", "format": "base64-or-data-url", "description": "Base64, or a data URL."}
)
class Base64Field(serializers.Field):
    """For the schema only: `ImageField` is what reads it."""


@extend_schema_field({"type": "string", "description": "Base64, or a data URL."})
class OneOfManyField(serializers.Field):
    """For the schema only: any text, because a bad one spoils only its own answer."""


@extend_schema_field(
    {"type": "string", "format": "strokes", "description": "JSON text, see NewSubmission."}
)
class StrokesTextField(serializers.Field):
    """For the schema only: what `StrokesField` takes in a form."""


_FEW: Final[dict[str, Any]] = {"min_length": 1, "max_length": MAX_IMAGES}


def _source() -> serializers.ChoiceField:
    return serializers.ChoiceField(choices=SENT, default=Source.API)


def _why() -> serializers.BooleanField:
    return serializers.BooleanField(default=False, help_text="Whether to say why.")


# Each in two forms: an uploaded file in a form, text in JSON.
LOOK_BODY: Final = {
    "multipart/form-data": inline_serializer(
        "LookForm", {"image": serializers.FileField(), "why": _why()}
    ),
    "application/json": inline_serializer("Look", {"image": Base64Field(), "why": _why()}),
}
IMAGES_BODY: Final = {
    "multipart/form-data": inline_serializer(
        "ImagesForm", {"images": serializers.ListField(child=serializers.FileField(), **_FEW)}
    ),
    "application/json": inline_serializer(
        "Images", {"images": serializers.ListField(child=OneOfManyField(), **_FEW)}
    ),
}
SUBMISSION_BODY: Final = {
    "multipart/form-data": inline_serializer(
        "NewSubmissionForm",
        {
            "image": serializers.FileField(),
            "source": _source(),
            "strokes": StrokesTextField(required=False),
        },
    ),
    "application/json": inline_serializer(
        "NewSubmission",
        {
            "image": Base64Field(),
            "source": _source(),
            "strokes": StrokesField(required=False, allow_null=True),
        },
    ),
}
KEY_PATTERN: Final = "[!-~]{1,64}"
IDEMPOTENCY_KEY: Final = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "pattern": f"^{KEY_PATTERN}$"},
    OpenApiParameter.HEADER,
    description="Your own name for this drawing, such as a random UUID: with it a retry is safe.",
)


def fields_of(serializer: type[serializers.ModelSerializer]) -> OpenApiParameter:
    """The parameter `fields` of what answers with this serializer."""
    items = {"type": "string", "enum": list(serializer.Meta.fields)}
    return OpenApiParameter(
        "fields",
        {"type": "array", "items": items, "minItems": 1},
        explode=False,
        description="Answer only these, with commas between them: `fields=id,digit`.",
    )


ERROR: Final = OpenApiResponse(ErrorSerializer)
BODY_ERRORS: Final = {400: ERROR, 413: ERROR, 415: ERROR}

TOO_LONG: Final = {"description": "The address is too long; the server itself says so, in HTML."}


def add_errors(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """drf-spectacular's hook: the errors that any operation can answer."""
    for path, operations in result["paths"].items():
        for operation in operations.values():
            in_query = any(each["in"] == "query" for each in operation.get("parameters", ()))
            found = {"400": in_query, "404": "{" in path or "cursor" in str(operation)}
            always = dict.fromkeys(("401", "403", "429", "503"), True)
            for status in (status for status, added in {**always, **found}.items() if added):
                operation["responses"].setdefault(status, _error(int(status)))
            operation["responses"]["414"] = TOO_LONG
    return result


def _error(status: int) -> dict[str, Any]:
    meanings = [f"`{code}`: {text}" for code, (its, text) in CODES.items() if its == status]
    reference = {"$ref": "#/components/schemas/Error"}
    return {
        "description": " ".join(meanings),
        "content": {"application/json": {"schema": reference}},
    }


RESULTS_EXAMPLE: Final = OpenApiExample(
    "Two images, of which one cannot be read",
    response_only=True,
    value={
        "results": [
            {
                "answer": {
                    "digit": 7,
                    "confidence": 0.98,
                    "probabilities": [0.0, 0.01, 0.0, 0.0, 0.0, 0.0, 0.0, 0.99, 0.0, 0.0],
                    "model_version": 1,
                    "seen": "data:image/png;base64,iVBORw0KGgo=",
                    "why": None,
                },
                "error": None,
            },
            {
                "answer": None,
                "error": {
                    "code": "blank_image",
                    "detail": "The picture is empty: there is no ink on it.",
                },
            },
        ]
    },
)
