"""Serializers for the request bodies."""

from typing import Any, Final

from django.utils.translation import gettext as _
from rest_framework import serializers

from recognizer.api.fields import (
    ChoiceField,
    DigitField,
    EncodedImageField,
    ImageField,
    StrictBooleanField,
    StrokesField,
)
from recognizer.models import Source
from recognizer.serving.prediction import CanvasImage

MAX_BATCH_SIZE: Final = 64
CLIENT_SOURCES: Final = [choice for choice in Source.choices if choice[0] != Source.IMPORT]


class DrawingSerializer(serializers.Serializer):
    """An image file, strokes, or both. Adds `drawing`: the image or, without one, the strokes.

    An image with strokes, or with the source canvas, comes from a canvas.
    """

    image = ImageField(required=False)
    source = ChoiceField(choices=CLIENT_SOURCES, default=Source.API)
    strokes = StrokesField(default=None, allow_null=True)
    personal = StrictBooleanField(default=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        drawing = attrs.get("image", attrs["strokes"])
        if drawing is None:
            raise serializers.ValidationError({"image": _("Send an image, or strokes alone.")})
        is_from_canvas = attrs["source"] == Source.CANVAS or attrs["strokes"] is not None
        if is_from_canvas and isinstance(drawing, bytes):
            drawing = CanvasImage(drawing)
        return {**attrs, "drawing": drawing}


class RecognizeRequestSerializer(DrawingSerializer):
    """A request for the prediction of one drawing."""

    explain = StrictBooleanField(default=False)


class PageRequestSerializer(serializers.Serializer):
    """A request for the predictions of one picture with several rows."""

    image = ImageField()


class RecognizeBatchRequestSerializer(serializers.Serializer):
    """A request for the predictions of several images."""

    images = serializers.ListField(
        child=EncodedImageField(), min_length=1, max_length=MAX_BATCH_SIZE
    )
    personal = StrictBooleanField(default=True)


class NewSubmissionSerializer(DrawingSerializer):
    """A request to predict a drawing and store it."""


class CorrectionSerializer(serializers.Serializer):
    """A visitor's correction or confirmation."""

    digit = DigitField()


class RejectionSerializer(serializers.Serializer):
    """A reviewer's rejection."""

    corrected_at = serializers.DateTimeField(
        required=False,
        allow_null=True,
        help_text="The time of the correction that you read (correction.at), or null if there was "
        "none. If the correction has changed since, nothing is stored.",
    )


class ApprovalSerializer(RejectionSerializer):
    """A reviewer's approval of a label."""

    digit = DigitField()
