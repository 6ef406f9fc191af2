"""The bodies that come in and go out."""

from datetime import datetime
from typing import Any

from django.utils.functional import cached_property
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from recognizer import registry
from recognizer.api.fields import DigitField, ImageField, StrokesField
from recognizer.models import Fate, ModelVersion, Source, Submission
from recognizer.recognition import Recognition, png_data_url, read_again

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
    fate = serializers.ChoiceField(
        choices=Fate.choices,
        read_only=True,
        help_text="What has become of it: learned is approved, and trained on by a live version.",
    )
    learned_in = serializers.IntegerField(
        source="learned_in.number",
        read_only=True,
        allow_null=True,
        help_text="The first live version that was trained on it.",
    )
    reads_it_right = serializers.SerializerMethodField(
        help_text="Whether the version that is live now reads the stored 28×28 as the label; "
        "null unless approved, or while no version can be served."
    )

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
            "fate",
            "learned_in",
            "reads_it_right",
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

    def get_reads_it_right(self, submission: Submission) -> bool | None:
        if submission.label is None or self._served is None:
            return None
        reading = read_again(submission.pixels, self._served.recognizer)
        return reading.answer == submission.label

    @cached_property
    def _served(self) -> registry.Served | None:
        # One version reads a whole page. Where none can, people still see what is theirs.
        try:
            return registry.serving()
        except registry.DamagedModelError:
            return None


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
