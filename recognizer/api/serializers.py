"""The bodies that come in and go out."""

from datetime import datetime
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from recognizer.api.fields import DigitField, ImageField, StrokesField
from recognizer.models import ModelVersion, Source, Submission
from recognizer.recognition import Recognition, png_data_url

SEEN = "The 28×28 picture that the network saw, as a data URL."


class ProbabilitiesField(serializers.ListField):
    """Of the digits 0 to 9, given that it is one; they sum to 1."""

    child = serializers.FloatField(min_value=0, max_value=1)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_length=10, max_length=10, **kwargs)


class ImageSerializer(serializers.Serializer):
    image = ImageField()


class NewSubmissionSerializer(ImageSerializer):
    source = serializers.ChoiceField(choices=Source.choices, default=Source.API)
    strokes = StrokesField(default=None, allow_null=True)


class CorrectionSerializer(serializers.Serializer):
    digit = DigitField()


class RecognitionSerializer(serializers.Serializer):
    digit = DigitField(source="reading.answer")
    confidence = serializers.FloatField(source="reading.confidence", min_value=0, max_value=1)
    probabilities = ProbabilitiesField(source="reading.probabilities")
    model_version = serializers.IntegerField(source="version.number")
    seen = serializers.SerializerMethodField(help_text=SEEN)

    def get_seen(self, recognition: Recognition) -> str:
        return png_data_url(recognition.pixels.tobytes())


class SaidSerializer(serializers.Serializer):
    """What somebody said that a drawing is, and when."""

    digit = DigitField()
    at = serializers.DateTimeField()


class SubmissionSerializer(serializers.ModelSerializer):
    digit = DigitField(source="predicted_digit")
    probabilities = ProbabilitiesField()
    model_version = serializers.IntegerField(source="model_version.number")
    seen = serializers.SerializerMethodField(help_text=SEEN)
    image = serializers.SerializerMethodField(help_text="Where the stored picture is.")
    correction = serializers.SerializerMethodField(help_text="What the visitor says it is.")
    label = serializers.SerializerMethodField(help_text="What the reviewer accepted.")

    class Meta:
        model = Submission
        fields = (
            "id",
            "created",
            "source",
            "image",
            "seen",
            "digit",
            "confidence",
            "probabilities",
            "model_version",
            "correction",
            "review",
            "label",
        )
        read_only_fields = fields

    def get_seen(self, submission: Submission) -> str:
        return png_data_url(submission.pixels)

    def get_image(self, submission: Submission) -> str:
        return reverse("submission-image", args=[submission.pk], request=self.context["request"])

    @extend_schema_field(SaidSerializer(allow_null=True))
    def get_correction(self, submission: Submission) -> dict[str, Any] | None:
        return _said(submission.corrected_digit, submission.corrected_at)

    @extend_schema_field(SaidSerializer(allow_null=True))
    def get_label(self, submission: Submission) -> dict[str, Any] | None:
        return _said(submission.label, submission.reviewed_at)


class SubmissionWithStrokesSerializer(SubmissionSerializer):
    strokes = StrokesField()

    class Meta(SubmissionSerializer.Meta):
        fields = (*SubmissionSerializer.Meta.fields, "strokes")
        read_only_fields = fields


class ModelVersionSerializer(serializers.ModelSerializer):
    parent = serializers.IntegerField(source="parent.number", allow_null=True, default=None)
    card = serializers.DictField(help_text="What it was trained on, how it scored.")

    class Meta:
        model = ModelVersion
        fields = ("number", "state", "created", "parent", "reason", "sha256", "card")
        read_only_fields = fields


class ErrorSerializer(serializers.Serializer):
    code = serializers.CharField(help_text="For programs: stays the same.")
    detail = serializers.CharField(help_text="For people: may change.")
    fields = serializers.DictField(required=False, help_text="Complaints by field.")


def _said(answer: int | None, at: datetime | None) -> dict[str, Any] | None:
    return None if answer is None else SaidSerializer({"digit": answer, "at": at}).data
