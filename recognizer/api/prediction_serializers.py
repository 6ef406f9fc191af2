"""Serializers for the responses with predictions, and for errors.

DRF copies all declared fields for each response, which is slow. The serializers of predictions and
of submissions therefore build their responses by hand in `to_representation`, and their fields only
describe the schema. tests/api/test_serializer_parity.py checks that the responses match the fields.
"""

from typing import Any, Final

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from recognizer.api.exceptions import CODES
from recognizer.api.fields import DigitField
from recognizer.models import to_digit
from recognizer.serving.personal_memory import PersonalPrediction
from recognizer.serving.prediction import PredictionResult
from recognizer.serving.stored_pixels import png_data_url

NUMBER_HELP = "The digits as text, such as 42 or 007; null if one of them is not a digit."
BOX_HELP = "Left, top, width and height of"
SHARES_HELP = "as shares of the width and height of the image."
INCOMPLETE_HELP = "Whether the end of the image file is missing. Its last rows were not read then."
MODEL_INPUT_HELP = "The 28×28 image that the network received, as a data URL."
PERSONAL_HELP = (
    "What the network alone predicts, if the drawings that you corrected have adjusted this "
    "prediction; otherwise null."
)


class ProbabilitiesField(serializers.ListField):
    """The probabilities of the digits 0 to 9, given that the image shows a digit. They sum to 1."""

    child = serializers.FloatField(min_value=0, max_value=1)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_length=10, max_length=10, **kwargs)


class BoxField(serializers.ListField):
    """The left, top, width and height of a part of an image, as shares of the image's sides."""

    child = serializers.FloatField(min_value=0, max_value=1)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_length=4, max_length=4, **kwargs)


class PersonalSerializer(serializers.Serializer):
    """How the drawings that a visitor corrected adjusted a prediction."""

    network_digit = DigitField(
        source="network.label", help_text="The digit that the network alone predicts."
    )
    network_confidence = serializers.FloatField(
        source="network.confidence", min_value=0, max_value=1
    )
    neighbours = serializers.ListField(
        child=serializers.UUIDField(),
        max_length=3,
        help_text="The ids of the visitor's similar drawings with this digit, most similar first.",
    )


class PredictionSerializer(serializers.Serializer):
    """The fields that all predictions share."""

    digit = DigitField(source="shown.label")
    confidence = serializers.FloatField(source="shown.confidence", min_value=0, max_value=1)
    probabilities = ProbabilitiesField(source="shown.probabilities")
    personal = PersonalSerializer(allow_null=True, help_text=PERSONAL_HELP)
    model_input = serializers.SerializerMethodField(help_text=MODEL_INPUT_HELP)
    explanation = serializers.SerializerMethodField(
        help_text="28 rows of 28 numbers from -1 to 1: how much the confidence drops if this part "
        "of the drawing is covered. Null unless the request sets explain to true."
    )

    def get_model_input(self, result: PredictionResult) -> str:
        return png_data_url(result.pixels.tobytes())

    @extend_schema_field(
        {"type": "array", "items": {"type": "array", "items": {"type": "number"}}, "nullable": True}
    )
    def get_explanation(self, result: PredictionResult) -> list[list[float]] | None:
        return None if result.explanation is None else result.explanation.round(3).tolist()

    def to_representation(self, result: PredictionResult) -> dict[str, Any]:
        """Build the response by hand, because DRF's own method is slow."""
        return {
            "digit": to_digit(result.shown.label),
            "confidence": result.shown.confidence,
            "probabilities": list(result.shown.probabilities),
            "personal": _personal(result.personal),
            "model_input": self.get_model_input(result),
            "explanation": self.get_explanation(result),
        }


def _personal(personal: PersonalPrediction | None) -> dict[str, Any] | None:
    if personal is None:
        return None
    return {
        "network_digit": to_digit(personal.network.label),
        "network_confidence": personal.network.confidence,
        "neighbours": [str(pk) for pk in personal.neighbours],
    }


class PredictionResultSerializer(PredictionSerializer):
    """The prediction of one image."""

    model_version = serializers.IntegerField(source="version.number")
    incomplete = serializers.BooleanField(source="is_incomplete", help_text=INCOMPLETE_HELP)

    def to_representation(self, result: Any) -> dict[str, Any]:
        return {
            **super().to_representation(result),
            "model_version": result.version.number,
            "incomplete": result.is_incomplete,
        }


class SegmentedDigitSerializer(PredictionSerializer):
    """The prediction of one of the digits in an image."""

    box = BoxField(help_text=f"{BOX_HELP} the ink of this digit, {SHARES_HELP}")

    def to_representation(self, digit: Any) -> dict[str, Any]:
        return {**super().to_representation(digit), "box": list(digit.box)}


class MultiDigitResultSerializer(serializers.Serializer):
    """The predictions of all digits in an image."""

    number = serializers.CharField(source="text", allow_null=True, help_text=NUMBER_HELP)
    digits = SegmentedDigitSerializer(many=True, help_text="From left to right; at least one.")
    model_version = serializers.IntegerField(source="version.number")
    incomplete = serializers.BooleanField(source="is_incomplete", help_text=INCOMPLETE_HELP)


class PageDigitSerializer(serializers.Serializer):
    """One digit of a page."""

    digit = DigitField(source="prediction.label")
    confidence = serializers.FloatField(source="prediction.confidence", min_value=0, max_value=1)
    box = BoxField(help_text=f"{BOX_HELP} the ink of this digit, {SHARES_HELP}")


class PageNumberSerializer(serializers.Serializer):
    """One number of a page."""

    number = serializers.CharField(source="text", allow_null=True, help_text=NUMBER_HELP)
    confidence = serializers.FloatField(
        min_value=0, max_value=1, help_text="The product of the digits' confidences."
    )
    box = BoxField(help_text=f"{BOX_HELP} the ink of this number, {SHARES_HELP}")
    digits = PageDigitSerializer(many=True, help_text="From left to right; at least one.")


class PageResultSerializer(serializers.Serializer):
    """The predictions of all numbers in a picture."""

    rows = serializers.ListField(
        child=PageNumberSerializer(many=True),
        help_text="From top to bottom. Each row is a list of numbers, from left to right.",
    )
    model_version = serializers.IntegerField(source="version.number")
    incomplete = serializers.BooleanField(source="is_incomplete", help_text=INCOMPLETE_HELP)


_MESSAGES: Final = {"type": "array", "items": {"type": "string"}}


@extend_schema_field(
    {
        "type": "object",
        "additionalProperties": {
            "oneOf": [_MESSAGES, {"type": "object", "additionalProperties": _MESSAGES}]
        },
    }
)
class FieldErrorsField(serializers.DictField):
    """The error messages by field."""


class ErrorSerializer(serializers.Serializer):
    """An error response."""

    code = serializers.ChoiceField(
        choices=[(code, meaning) for code, (_, meaning) in CODES.items()],
        help_text="For programs. Codes do not change.",
    )
    detail = serializers.CharField(help_text="For people. The text may change.")
    fields = FieldErrorsField(
        required=False,
        help_text="A list of error messages for each field or, for a field with several values, "
        "an object with one list for each invalid value.",
    )


class RecognizeBatchItemSerializer(serializers.Serializer):
    """The result for one image of a batch: a prediction or an error. The other one is null."""

    prediction = PredictionResultSerializer(allow_null=True)
    error = ErrorSerializer(allow_null=True)


class RecognizeBatchResponseSerializer(serializers.Serializer):
    """The results for all images of a batch."""

    results = RecognizeBatchItemSerializer(many=True, help_text="In the order of the images.")
