"""Serializers for the response bodies.

DRF copies all declared fields for each response, which is slow. The serializers of predictions and
of submissions therefore build their responses by hand in `to_representation`, and their fields only
describe the schema. tests/api/test_serializer_parity.py checks that the responses match the fields.
"""

from datetime import datetime
from typing import Any, Final

from django.utils.functional import cached_property
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from recognizer.api.exceptions import CODES
from recognizer.api.fields import (
    DigitField,
    StrokesField,
)
from recognizer.models import ModelVersion, Review, Source, Status, Submission, to_digit
from recognizer.serving import model_registry
from recognizer.serving.personal_memory import PersonalPrediction
from recognizer.serving.prediction import PredictionResult, explain
from recognizer.serving.stored_pixels import is_correct, png_data_url

NUMBER_HELP = "The digits as text, such as 42 or 007; null if one of them is not a digit."
BOX_HELP = "Left, top, width and height of"
SHARES_HELP = "as shares of the width and height of the image."
INCOMPLETE_HELP = "Whether the end of the image file is missing. Its last rows were not read then."
MODEL_INPUT_HELP = "The 28×28 image that the network received, as a data URL."
TIME: Final = serializers.DateTimeField()
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
        if not self.context.get("explain"):
            return None
        return explain(result.pixels, self.context["version"]).round(3).tolist()

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


class ErrorSerializer(serializers.Serializer):
    """An error response."""

    code = serializers.ChoiceField(
        choices=[(code, meaning) for code, (_, meaning) in CODES.items()],
        help_text="For programs. Codes do not change.",
    )
    detail = serializers.CharField(help_text="For people. The text may change.")
    fields = serializers.DictField(required=False, help_text="The error messages by field.")


class RecognizeBatchItemSerializer(serializers.Serializer):
    """The result for one image of a batch: a prediction or an error. The other one is null."""

    prediction = PredictionResultSerializer(allow_null=True)
    error = ErrorSerializer(allow_null=True)


class RecognizeBatchResponseSerializer(serializers.Serializer):
    """The results for all images of a batch."""

    results = RecognizeBatchItemSerializer(many=True, help_text="In the order of the images.")


class AnnotationSerializer(serializers.Serializer):
    """A label and the time at which a visitor or a reviewer set it."""

    digit = DigitField()
    at = serializers.DateTimeField()


class SubmissionSerializer(serializers.Serializer):
    """A stored submission."""

    id = serializers.UUIDField(read_only=True)
    created = serializers.DateTimeField(read_only=True)
    source = serializers.ChoiceField(choices=Source.choices, read_only=True)
    image = serializers.SerializerMethodField(help_text="URL of the stored image.")
    model_input = serializers.SerializerMethodField(help_text=MODEL_INPUT_HELP)
    digit = DigitField(source="shown_digit", read_only=True)
    confidence = serializers.FloatField(source="shown_confidence", read_only=True)
    probabilities = ProbabilitiesField(source="shown_probabilities", read_only=True)
    personal = serializers.SerializerMethodField(help_text=PERSONAL_HELP)
    model_version = serializers.IntegerField(source="model_version.number", read_only=True)
    correction = serializers.SerializerMethodField(
        help_text="The visitor's correction or confirmation."
    )
    review = serializers.ChoiceField(choices=Review.choices, read_only=True)
    label = serializers.SerializerMethodField(help_text="The label that the reviewer approved.")
    status = serializers.ChoiceField(
        choices=Status.choices,
        read_only=True,
        help_text="Learned means approved, and a version that went live has learned the label.",
    )
    learned_in = serializers.IntegerField(
        read_only=True,
        allow_null=True,
        help_text="The number of the first version that went live and learned the current label. "
        "Null if there is none, or if the label has changed since the last training.",
    )
    is_correct = serializers.SerializerMethodField(
        help_text="Whether the live version predicts the label. Null if the submission is not "
        "approved, or if no version can be loaded."
    )

    def get_model_input(self, submission: Submission) -> str:
        return png_data_url(submission.pixels)

    def get_image(self, submission: Submission) -> str:
        return reverse("submission-image", args=[submission.pk], request=self.context["request"])

    @extend_schema_field(PersonalSerializer(allow_null=True))
    def get_personal(self, submission: Submission) -> dict[str, Any] | None:
        if submission.personal_prediction is None:
            return None
        return {
            "network_digit": to_digit(submission.predicted_digit),
            "network_confidence": submission.confidence,
            "neighbours": submission.personal_prediction["neighbours"],
        }

    @extend_schema_field(AnnotationSerializer(allow_null=True))
    def get_correction(self, submission: Submission) -> dict[str, Any] | None:
        return _annotation(submission.corrected_digit, submission.corrected_at)

    @extend_schema_field(AnnotationSerializer(allow_null=True))
    def get_label(self, submission: Submission) -> dict[str, Any] | None:
        return _annotation(submission.label, submission.reviewed_at)

    def get_is_correct(self, submission: Submission) -> bool | None:
        return is_correct(submission, self._loaded_version)

    @cached_property
    def _loaded_version(self) -> model_registry.LoadedVersion | None:
        # All rows of a page use the same version, even if another version goes live meanwhile.
        return model_registry.loaded_version_or_none()

    def to_representation(self, submission: Any) -> dict[str, Any]:
        """Build the response by hand, because DRF's own method is slow."""
        return {
            "id": str(submission.pk),
            "created": TIME.to_representation(submission.created),
            "source": submission.source,
            "image": self.get_image(submission),
            "model_input": self.get_model_input(submission),
            "digit": to_digit(submission.shown_digit),
            "confidence": submission.shown_confidence,
            "probabilities": list(submission.shown_probabilities),
            "personal": self.get_personal(submission),
            "model_version": submission.model_version.number,
            "correction": self.get_correction(submission),
            "review": submission.review,
            "label": self.get_label(submission),
            "status": submission.status,
            "learned_in": submission.learned_in,
            "is_correct": self.get_is_correct(submission),
        }


def _annotation(label: int | None, at: datetime | None) -> dict[str, Any] | None:
    if label is None or at is None:
        return None
    return {"digit": to_digit(label), "at": TIME.to_representation(at)}


class SubmissionWithStrokesSerializer(SubmissionSerializer):
    """A stored submission with its strokes."""

    strokes = StrokesField(read_only=True)

    def to_representation(self, submission: Any) -> dict[str, Any]:
        return {**super().to_representation(submission), "strokes": submission.strokes}


class StoredSubmissionSerializer(SubmissionSerializer):
    """The submission of an image that the client has just sent.

    Whether the file lacked its end is not stored. The context has it as `incomplete`.
    """

    incomplete = serializers.SerializerMethodField(help_text=INCOMPLETE_HELP)

    def get_incomplete(self, submission: Submission) -> bool:
        return bool(self.context["incomplete"])

    def to_representation(self, submission: Any) -> dict[str, Any]:
        return {
            **super().to_representation(submission),
            "incomplete": self.get_incomplete(submission),
        }


class StoredDigitsSerializer(serializers.Serializer):
    """The submissions of all digits in an image."""

    number = serializers.CharField(allow_null=True, help_text=NUMBER_HELP)
    submissions = SubmissionSerializer(many=True, help_text="One for each digit, left to right.")
    is_new = serializers.ListField(
        child=serializers.BooleanField(),
        help_text="For each submission, false if you had already stored its image before.",
    )
    incomplete = serializers.BooleanField(help_text=INCOMPLETE_HELP)


class DeletionSerializer(serializers.Serializer):
    """The model versions that were trained on deleted submissions."""

    learned_in = serializers.ListField(
        child=serializers.IntegerField(),
        help_text="The numbers of these versions. The versions do not change.",
    )
    detail = serializers.CharField(help_text="A sentence about these versions, for people.")


class ModelVersionSerializer(serializers.ModelSerializer):
    """A model version with its card."""

    predecessor = serializers.IntegerField(
        source="predecessor.number",
        read_only=True,
        allow_null=True,
        help_text="The number of the version that was live when this one was trained.",
    )
    card = serializers.DictField(
        read_only=True, help_text="The training data and the scores of the version."
    )

    class Meta:
        model = ModelVersion
        fields = ("number", "state", "created", "predecessor", "reason", "sha256", "card")
        read_only_fields = fields
