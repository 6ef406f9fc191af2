"""Submissions: drawings with their prediction, correction and review."""

import json
import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.functional import cached_property

from recognizer.models.choices import (
    AlreadyReviewedError,
    CorrectionChangedError,
    Label,
    Review,
    Source,
    Status,
)
from recognizer.models.submission_indexes import INDEXES
from recognizer.models.submission_queryset import (
    CORRECTION_DISAGREES,
    LIVE_PREDICTION_DIFFERS,
    UNCHECKED,
    UNCLAIMED,
    SubmissionQuerySet,
)


def _points_if(condition: Q, points: float) -> Case:
    """Return an SQL expression: `points` if the condition is true, else 0."""
    return Case(When(condition, then=Value(points)), default=Value(0.0))


class Submission(models.Model):
    """A drawing with its prediction, its correction and its review."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    created = models.DateTimeField(default=timezone.now, editable=False)
    owner = models.UUIDField(editable=False)
    source = models.CharField(max_length=6, choices=Source, default=Source.API)
    image = models.BinaryField(help_text="grey PNG without metadata")
    image_sha256 = models.BinaryField(max_length=32, help_text="of the grey PNG")
    pixels = models.BinaryField(max_length=784, help_text="the model input: 28×28 bytes")
    strokes = models.JSONField(null=True, blank=True)
    # Null, not an empty string, if the client sends no key, because each owner's keys are unique.
    idempotency_key = models.CharField(  # noqa: DJ001
        max_length=64, null=True, editable=False, help_text="chosen by the API client"
    )

    # Despite their names, these fields hold a `Label`, which can be "not a digit".
    predicted_digit = models.PositiveSmallIntegerField(choices=Label)
    confidence = models.FloatField()
    probabilities = models.JSONField(help_text="of the ten digits")
    # Each foreign key to a version or to a user is the first column of an index in INDEXES.
    model_version = models.ForeignKey(
        "ModelVersion", models.PROTECT, related_name="submissions", db_index=False
    )
    personal_prediction = models.JSONField(
        null=True,
        editable=False,
        help_text="the prediction that the visitor saw, if the personal memory adjusted it: label, "
        "confidence, probabilities, neighbours",
    )

    corrected_digit = models.PositiveSmallIntegerField(choices=Label, null=True, blank=True)
    corrected_at = models.DateTimeField(null=True, blank=True)
    remembered = models.BooleanField(
        default=True,
        db_default=True,
        editable=False,
        help_text="it can adjust the predictions for its owner, who has not forgotten it",
    )

    review = models.CharField(max_length=8, choices=Review, default=Review.PENDING)
    label = models.PositiveSmallIntegerField(choices=Label, null=True, blank=True)
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )
    reviewed_at = models.DateTimeField(null=True, blank=True)
    for_evaluation = models.BooleanField(
        default=False,
        db_default=False,
        editable=False,
        help_text="never used for training, because it belongs to the test split of a dataset",
    )
    label_noise = models.FloatField(
        null=True,
        editable=False,
        help_text="the probability that the label is wrong, if a training run found it doubtful",
    )
    label_confirmed = models.BooleanField(
        default=False,
        db_default=False,
        editable=False,
        help_text="a reviewer kept the label although it was probably wrong",
    )

    # These fields order the review queue, and store which reviewer has claimed the submission. See
    # review/queue.py.
    live_prediction = models.PositiveSmallIntegerField(
        choices=Label, null=True, editable=False, help_text="predicted by live_prediction_version"
    )
    live_prediction_version = models.ForeignKey(
        "ModelVersion", models.PROTECT, null=True, editable=False, related_name="+", db_index=False
    )
    flagged = models.BooleanField(default=False, editable=False)
    claimed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
        db_index=False,
    )
    claimed_until = models.DateTimeField(null=True, editable=False)
    review_round = models.PositiveSmallIntegerField(
        default=0,
        db_default=0,
        editable=False,
        help_text="the queue shows lower rounds first, so that no owner can flood it",
    )
    review_priority = models.GeneratedField(
        expression=Value(1.0)
        - F("confidence")
        + _points_if(LIVE_PREDICTION_DIFFERS, 1.0)
        + _points_if(CORRECTION_DISAGREES, 2.0)
        + _points_if(Q(flagged=True), 4.0),
        output_field=models.FloatField(),
        db_persist=True,
    )
    suggested_label = models.GeneratedField(
        expression=Coalesce("corrected_digit", "predicted_digit"),
        output_field=models.PositiveSmallIntegerField(choices=Label),
        db_persist=True,
    )

    objects = SubmissionQuerySet.as_manager()

    class Meta:
        ordering = ("-created", "-id")
        constraints = (
            # A retry or a double click must not store the same drawing twice.
            models.UniqueConstraint(fields=("owner", "image_sha256"), name="one_row_per_drawing"),
            models.UniqueConstraint(
                fields=("owner", "idempotency_key"),
                condition=Q(idempotency_key__isnull=False),
                name="one_row_per_idempotency_key",
            ),
            models.CheckConstraint(
                condition=Q(review=Review.APPROVED, label__isnull=False)
                | (~Q(review=Review.APPROVED) & Q(label__isnull=True)),
                name="label_if_and_only_if_approved",
            ),
        )
        indexes = INDEXES

    def __str__(self) -> str:
        return f"{self.get_predicted_digit_display()} ({self.id})"

    @property
    def shown_digit(self) -> int:
        """Return the label that the visitor saw: the network's, or the personal prediction's."""
        return (
            self.personal_prediction["label"] if self.personal_prediction else self.predicted_digit
        )

    @property
    def shown_confidence(self) -> float:
        """Return the confidence that the visitor saw."""
        return (
            self.personal_prediction["confidence"] if self.personal_prediction else self.confidence
        )

    @property
    def shown_probabilities(self) -> list[float]:
        """Return the probabilities of the ten digits that the visitor saw."""
        personal = self.personal_prediction
        return personal["probabilities"] if personal else self.probabilities

    @property
    def status(self) -> Status:
        """Return the review, or `LEARNED` if a version that went live has learned the label.

        A submission that is not approved (any more) is never `LEARNED`.
        """
        if self.review == Review.APPROVED and self.learned_in is not None:
            return Status.LEARNED
        return Status(self.review)

    @cached_property
    def learned_in(self) -> int | None:
        """Return the number of the first version that went live and learned the current label.

        The current label is the reviewer's or, without one, the visitor's correction. Return
        None if there is no such version, or if a later one was trained with another label: the
        next training run must then learn the label again. `with_learned_in()` sets this attribute
        for a whole queryset.
        """
        if self.label is None and self.corrected_digit is None:
            return None
        row = Submission.objects.filter(pk=self.pk).only("pk").with_learned_in().get()
        return row.learned_in

    @property
    def stored_bytes(self) -> int:
        """Return about how many bytes the row takes, without its indexes."""
        strokes = len(json.dumps(self.strokes)) if self.strokes else 0
        return len(self.image) + len(self.pixels) + strokes

    @property
    def revision(self) -> str:
        """Return a text that each review and each correction changes."""
        return f"{self.reviewed_at} {self.corrected_at}"

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Delete the submission and its ledger entries. Only their number remains."""
        return Submission.objects.filter(pk=self.pk).delete()

    def correct(self, label: Label) -> None:
        """Store the visitor's correction.

        Sending the same label again does not change the time of the correction. Otherwise, a
        visitor who does so every second would make each decision of a reviewer outdated.

        Raises `AlreadyReviewedError` if the submission is approved or rejected, and
        `Submission.DoesNotExist` if it has been deleted.
        """
        pending = Submission.objects.pending().filter(pk=self.pk)
        # One statement checks and updates, so a simultaneous review cannot come in between.
        changed = pending.exclude(corrected_digit=label).update(
            corrected_digit=label, corrected_at=timezone.now(), remembered=True
        )
        is_stored = changed or pending.update(remembered=True)
        self.refresh_from_db(fields=("corrected_digit", "corrected_at", "remembered"))
        if not is_stored:
            raise AlreadyReviewedError
        self.__dict__.pop("learned_in", None)  # It depends on the correction.

    def approve(self, reviewer: Any, label: Label) -> None:
        """Approve the submission with this label. Later training runs can use it.

        If a reviewer has confirmed this label before, it stays confirmed.

        Raises `OutdatedError` if the review or correction changed after the submission was loaded.
        """
        # A form can already have changed `self.label`, so ask the database for the stored label.
        confirmed = Submission.objects.filter(pk=self.pk, label=label, label_confirmed=True)
        is_confirmed = self.label_confirmed and confirmed.exists()
        self._review(Review.APPROVED, reviewer, label, label_confirmed=is_confirmed)

    def reject(self, reviewer: Any) -> None:
        """Reject the submission. Later training runs do not use it.

        Raises `OutdatedError` if the review or correction changed after the submission was loaded.
        """
        self._review(Review.REJECTED, reviewer, None)

    def reopen(self) -> None:
        """Remove the review, so that the visitor can correct the prediction again.

        Raises `OutdatedError` if the review or correction changed after the submission was loaded.
        """
        self._review(Review.PENDING, None, None)

    def confirm_label(self, reviewer: Any) -> None:
        """Keep the label, although a training run found that it is probably wrong.

        Raises `OutdatedError` if the review or correction changed after the submission was loaded.
        """
        assert self.label is not None
        self._review(Review.APPROVED, reviewer, Label(self.label), label_confirmed=True)

    def _review(self, review: Review, reviewer: Any, label: Label | None, **fields: Any) -> None:
        values = {
            "review": review,
            "label": label,
            "reviewed_by": reviewer,
            "reviewed_at": timezone.now() if reviewer else None,
            **UNCHECKED,
            **UNCLAIMED,
            **fields,
        }
        # A compare-and-set: another review changes `reviewed_at`, a correction `corrected_at`.
        same_review = Submission.objects.filter(pk=self.pk, reviewed_at=self.reviewed_at)
        if not same_review.filter(corrected_at=self.corrected_at).update(**values):
            raise CorrectionChangedError if same_review.exists() else AlreadyReviewedError
        for name, value in values.items():
            setattr(self, name, value)
        self.__dict__.pop("learned_in", None)  # It depends on the label.
