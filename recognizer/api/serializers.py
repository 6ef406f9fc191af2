"""The bodies that come in and go out.

Answers of the network are put together by hand: rest_framework makes its fields anew for each
answer, and asks them one by one, on the busiest path there is. The fields say what the schema
says, and tests/test_by_hand.py that both are the same.
"""

from datetime import datetime
from typing import Any, Final

from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from recognizer import registry
from recognizer.api.errors import CODES
from recognizer.api.fields import (
    ChoiceField,
    DigitField,
    FlagField,
    ImageField,
    StrokesField,
    UnreadImageField,
)
from recognizer.models import Fate, ModelVersion, Source, Submission, to_digit
from recognizer.recognition import Digit, Recognition, png_data_url, reads_right, why

NUMBER = "All digits as they are written, such as 42 or 007; null where one is no digit."
MAX_IMAGES: Final = 64  # in one request
SENT: Final = [choice for choice in Source.choices if choice[0] != Source.IMPORT]
TIME: Final = serializers.DateTimeField()
SEEN = "The 28×28 picture that the network saw, as a data URL."


class ProbabilitiesField(serializers.ListField):
    """Of the digits 0 to 9, given that it is one; they sum to 1."""

    child = serializers.FloatField(min_value=0, max_value=1)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_length=10, max_length=10, **kwargs)


class Narrowed(serializers.ModelSerializer):
    """With `?fields=id,digit` in the URL it shows only those."""

    def get_fields(self) -> dict[str, serializers.Field]:
        fields = super().get_fields()
        request = self.context.get("request")
        asked = request.query_params.get("fields") if request else None
        if asked is None:
            return fields
        names = asked.split(",")
        if unknown := [name for name in names if name not in fields]:
            words = {"unknown": unknown[0], "fields": ", ".join(fields)}
            complaint = _("There is no “%(unknown)s”. There are: %(fields)s.") % words
            raise serializers.ValidationError({"fields": complaint})
        return {name: fields[name] for name in names}


class ImageSerializer(serializers.Serializer):
    image = ImageField()


class LookSerializer(ImageSerializer):
    why = FlagField(default=False)


class ImagesSerializer(serializers.Serializer):
    images = serializers.ListField(child=UnreadImageField(), min_length=1, max_length=MAX_IMAGES)


class NewSubmissionSerializer(ImageSerializer):
    source = ChoiceField(choices=SENT, default=Source.API)
    strokes = StrokesField(default=None, allow_null=True)


class CorrectionSerializer(serializers.Serializer):
    digit = DigitField()


class ApprovalSerializer(serializers.Serializer):
    digit = DigitField(required=False)  # without it: what the visitor said


class ReadingSerializer(serializers.Serializer):
    digit = DigitField(source="reading.answer")
    confidence = serializers.FloatField(source="reading.confidence", min_value=0, max_value=1)
    probabilities = ProbabilitiesField(source="reading.probabilities")
    seen = serializers.SerializerMethodField(help_text=SEEN)
    why = serializers.SerializerMethodField(
        help_text="28 rows of 28 numbers from -1 to 1: how much the confidence falls where there "
        "is paper instead. Null unless asked for."
    )

    def get_seen(self, read: Recognition | Digit) -> str:
        return png_data_url(read.pixels.tobytes())

    def to_representation(self, read: Recognition | Digit) -> dict[str, Any]:
        return {
            "digit": to_digit(read.reading.answer),
            "confidence": read.reading.confidence,
            "probabilities": list(read.reading.probabilities),
            "seen": self.get_seen(read),
            "why": self.get_why(read),
        }

    @extend_schema_field(
        {"type": "array", "items": {"type": "array", "items": {"type": "number"}}, "nullable": True}
    )
    def get_why(self, read: Recognition | Digit) -> list[list[float]] | None:
        if not self.context.get("why"):
            return None
        return why(read.pixels, self.context["version"]).round(3).tolist()


class RecognitionSerializer(ReadingSerializer):
    model_version = serializers.IntegerField(source="version.number")

    def to_representation(self, read: Any) -> dict[str, Any]:
        return {**super().to_representation(read), "model_version": read.version.number}


class DigitOfNumberSerializer(ReadingSerializer):
    box = serializers.ListField(
        child=serializers.FloatField(min_value=0, max_value=1),
        min_length=4,
        max_length=4,
        help_text="Left, top, width and height of its ink, as shares of the image's width and "
        "height.",
    )

    def to_representation(self, digit: Any) -> dict[str, Any]:
        return {**super().to_representation(digit), "box": list(digit.box)}


class NumberSerializer(serializers.Serializer):
    number = serializers.CharField(source="text", allow_null=True, help_text=NUMBER)
    digits = DigitOfNumberSerializer(many=True, help_text="From left to right; at least one.")
    model_version = serializers.IntegerField(source="version.number")


class ErrorSerializer(serializers.Serializer):
    code = serializers.ChoiceField(
        choices=[(code, meaning) for code, (_, meaning) in CODES.items()],
        help_text="For programs: stays the same.",
    )
    detail = serializers.CharField(help_text="For people: may change.")
    fields = serializers.DictField(required=False, help_text="Complaints by field.")


class ResultSerializer(serializers.Serializer):
    """Of one of several images: what it is, or why it could not be read."""

    answer = RecognitionSerializer(allow_null=True)
    error = ErrorSerializer(allow_null=True)


class ResultsSerializer(serializers.Serializer):
    results = ResultSerializer(many=True, help_text="In the order of the images.")


class SaidSerializer(serializers.Serializer):
    """What somebody said that a drawing is, and when."""

    digit = DigitField()
    at = serializers.DateTimeField()


class SubmissionSerializer(Narrowed):
    digit = DigitField(source="predicted_digit", read_only=True)
    probabilities = ProbabilitiesField(read_only=True)
    model_version = serializers.IntegerField(source="model_version.number", read_only=True)
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

    def to_representation(self, submission: Submission) -> dict[str, Any]:
        if "fields" in self.context["request"].query_params:
            return super().to_representation(submission)
        return {
            "id": str(submission.pk),
            "created": TIME.to_representation(submission.created),
            "source": submission.source,
            "image": self.get_image(submission),
            "seen": self.get_seen(submission),
            "digit": to_digit(submission.predicted_digit),
            "confidence": submission.confidence,
            "probabilities": submission.probabilities,
            "model_version": submission.model_version.number,
            "correction": self.get_correction(submission),
            "review": submission.review,
            "label": self.get_label(submission),
            "fate": submission.fate,
            "learned_in": submission.learned_in and submission.learned_in.number,
            "reads_it_right": self.get_reads_it_right(submission),
        }

    def get_reads_it_right(self, submission: Submission) -> bool | None:
        return reads_right(submission, self._served)

    @cached_property
    def _served(self) -> registry.Served | None:
        return registry.serving_or_none()  # one version reads a whole page


class DeletionSerializer(serializers.Serializer):
    learned_in = serializers.ListField(
        child=serializers.IntegerField(),
        help_text="The versions that had learned from what is deleted; they stay as they are.",
    )
    detail = serializers.CharField(help_text="The same for people.")


class StoredNumberSerializer(serializers.Serializer):
    number = serializers.CharField(allow_null=True, help_text=NUMBER)
    submissions = SubmissionSerializer(many=True, help_text="One for each digit, left to right.")


class SubmissionWithStrokesSerializer(SubmissionSerializer):
    strokes = StrokesField(read_only=True)

    class Meta(SubmissionSerializer.Meta):
        fields = (*SubmissionSerializer.Meta.fields, "strokes")
        read_only_fields = fields

    def to_representation(self, submission: Submission) -> dict[str, Any]:
        shown = super().to_representation(submission)
        # Where fields were asked for, it is among them already, or not wanted.
        if "fields" not in self.context["request"].query_params:
            shown["strokes"] = submission.strokes
        return shown


class ModelVersionSerializer(Narrowed):
    parent = serializers.IntegerField(source="parent.number", read_only=True, allow_null=True)
    card = serializers.DictField(read_only=True, help_text="What it was trained on, how it scored.")

    class Meta:
        model = ModelVersion
        fields = ("number", "state", "created", "parent", "reason", "sha256", "card")
        read_only_fields = fields


def _said(answer: int | None, at: datetime | None) -> dict[str, Any] | None:
    if answer is None or at is None:  # there is none, or both
        return None
    return {"digit": to_digit(answer), "at": TIME.to_representation(at)}
