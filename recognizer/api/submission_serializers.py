"""Serializers for the responses with submissions. See prediction_serializers.py."""

from datetime import datetime
from typing import Any, Final

from django.utils.functional import cached_property
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from recognizer.api.fields import DigitField, StrokesField
from recognizer.api.prediction_serializers import (
    INCOMPLETE_HELP,
    MODEL_INPUT_HELP,
    NUMBER_HELP,
    PERSONAL_HELP,
    PersonalSerializer,
    ProbabilitiesField,
)
from recognizer.models import Review, Source, Status, Submission, to_digit
from recognizer.serving import model_registry
from recognizer.serving.stored_pixels import is_correct, png_data_url

TIME: Final = serializers.DateTimeField()


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
