"""What the OpenAPI schema says that the code cannot: bodies in two forms, and errors."""

from typing import Any, Final

from drf_spectacular.utils import OpenApiResponse, inline_serializer
from rest_framework import serializers

from recognizer.api.fields import StrokesField
from recognizer.api.serializers import ErrorSerializer
from recognizer.models import Source


def _body(name: str, more: dict[str, Any]) -> dict[str, Any]:
    """A body with an image: a file in a form, text in JSON."""
    return {
        "multipart/form-data": inline_serializer(
            f"{name}Form", {"image": serializers.FileField(), **more}
        ),
        "application/json": inline_serializer(
            name,
            {"image": serializers.CharField(help_text="Base64, or a data URL."), **more},
        ),
    }


IMAGE_BODY: Final = _body("Image", {})
SUBMISSION_BODY: Final = _body(
    "NewSubmission",
    {
        "source": serializers.ChoiceField(choices=Source.choices, default=Source.API),
        "strokes": StrokesField(required=False, allow_null=True),
    },
)
ERROR: Final = OpenApiResponse(ErrorSerializer)
BODY_ERRORS: Final = {400: ERROR, 413: ERROR, 415: ERROR, 429: ERROR, 503: ERROR}
