"""Submissions: drawings with what the network and people say of them."""

import uuid
from datetime import datetime
from typing import Any, Final, Self

from django.conf import settings
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from recognizer.models.answers import AlreadyReviewedError, Answer, Fate, Review, Source


def _if(condition: Q, points: float) -> Case:
    return Case(When(condition, then=Value(points)), default=Value(0.0))


CONTRADICTED: Final = Q(corrected_digit__isnull=False) & ~Q(corrected_digit=F("predicted_digit"))
NOT_CONTRADICTED: Final = Q(corrected_digit__isnull=True) | Q(corrected_digit=F("predicted_digit"))
READ_DIFFERENTLY: Final = Q(latest_digit__isnull=False) & ~Q(latest_digit=F("predicted_digit"))


UNCLAIMED: Final[dict[str, None]] = {"claimed_by": None, "claimed_until": None}


class SubmissionQuerySet(models.QuerySet["Submission"]):
    def owned_by(self, owner: uuid.UUID) -> Self:
        return self.filter(owner=owner)

    def corrected(self) -> Self:
        return self.filter(corrected_digit__isnull=False)

    def pending(self) -> Self:
        return self.filter(review=Review.PENDING)

    def disagreeing(self) -> Self:
        """Those whose visitor said something else than the network."""
        return self.filter(CONTRADICTED)

    def agreeing(self) -> Self:
        """Those whose visitor confirmed the network's answer."""
        return self.filter(corrected_digit=F("predicted_digit"))

    def labelled(self, include_pending: bool) -> Self:
        """The approved ones, or also what visitors say, not reviewed yet; `said` is the answer."""
        chosen = Q(review=Review.APPROVED)
        if include_pending:
            chosen |= Q(review=Review.PENDING, corrected_digit__isnull=False)
        return self.filter(chosen).annotate(said=Coalesce("label", "corrected_digit"))

    def review_pending(
        self, review: Review, reviewer: Any, label: Answer | None, at: datetime
    ) -> int:
        """Decide at once about those that nobody has reviewed yet; returns how many."""
        return self.pending().update(
            review=review, label=label, reviewed_by=reviewer, reviewed_at=at, **UNCLAIMED
        )

    def reopen(self) -> int:
        """Take their reviews back; returns how many."""
        return self.update(
            review=Review.PENDING, label=None, reviewed_by=None, reviewed_at=None, **UNCLAIMED
        )


class Submission(models.Model):
    """One drawing: the image, what the network saw and answered, what people said of it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    created = models.DateTimeField(default=timezone.now, editable=False)
    owner = models.UUIDField(editable=False)
    source = models.CharField(max_length=6, choices=Source, default=Source.API)
    image = models.BinaryField(help_text="grey PNG without metadata")
    image_sha256 = models.BinaryField(max_length=32, help_text="of the grey PNG")
    pixels = models.BinaryField(max_length=784, help_text="the 28×28 bytes that the network saw")
    strokes = models.JSONField(null=True, blank=True)
    idempotency_key = models.CharField(  # noqa: DJ001  # null, so that many rows have none
        max_length=64, null=True, editable=False, help_text="the sender's own name for it"
    )

    predicted_digit = models.PositiveSmallIntegerField(choices=Answer)
    confidence = models.FloatField()
    probabilities = models.JSONField(help_text="of the ten digits")
    model_version = models.ForeignKey("ModelVersion", models.PROTECT, related_name="submissions")

    corrected_digit = models.PositiveSmallIntegerField(choices=Answer, null=True, blank=True)
    corrected_at = models.DateTimeField(null=True, blank=True)

    review = models.CharField(max_length=8, choices=Review, default=Review.PENDING)
    label = models.PositiveSmallIntegerField(choices=Answer, null=True, blank=True)
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    reviewed_at = models.DateTimeField(null=True, blank=True)
    # Never judged with again: see corrections.collect().
    learned_in = models.ForeignKey(
        "ModelVersion", models.SET_NULL, null=True, blank=True, related_name="learned"
    )

    # Which comes to a reviewer's desk first, and on whose desk it lies: see desk/queue.py.
    latest_digit = models.PositiveSmallIntegerField(
        choices=Answer, null=True, editable=False, help_text="as the newest live version reads it"
    )
    latest_version = models.ForeignKey(
        "ModelVersion", models.PROTECT, null=True, editable=False, related_name="+", db_index=False
    )
    found_odd = models.BooleanField(default=False, editable=False)
    claimed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, editable=False, related_name="+"
    )
    claimed_until = models.DateTimeField(null=True, editable=False)
    doubt = models.GeneratedField(
        expression=Value(1.0)
        - F("confidence")
        + _if(READ_DIFFERENTLY, 1.0)
        + _if(CONTRADICTED, 2.0)
        + _if(Q(found_odd=True), 4.0),
        output_field=models.FloatField(),
        db_persist=True,
    )
    proposed_digit = models.GeneratedField(
        expression=Coalesce("corrected_digit", "predicted_digit"),
        output_field=models.PositiveSmallIntegerField(choices=Answer),
        db_persist=True,
    )

    objects = SubmissionQuerySet.as_manager()

    class Meta:
        ordering = ("-created", "-id")
        constraints = (
            # A retry or a double click stores nothing twice.
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
        indexes = (
            # The digits are for the overview: it counts without opening the rows.
            models.Index(
                fields=("-created", "-id", "corrected_digit", "predicted_digit"),
                name="submission_by_time",
            ),
            models.Index(
                fields=("model_version", "predicted_digit", "corrected_digit"),
                name="submission_by_version",
            ),
            models.Index(fields=("owner", "-created", "-id"), name="submission_by_owner"),
            # What may be long ago or rare: without these, a list would look through all the others.
            models.Index(
                fields=("model_version", "-created", "-id"), name="submission_by_version_time"
            ),
            models.Index(
                fields=("label", "-created", "-id"),
                condition=Q(label__isnull=False),
                name="submission_by_label",
            ),
            models.Index(fields=("source", "-created", "-id"), name="submission_by_source"),
            models.Index(fields=("review", "-created", "-id"), name="submission_by_review"),
            models.Index(fields=("review", "doubt", "id"), name="submission_by_doubt"),
            models.Index(
                fields=("review", "proposed_digit", "doubt", "id"), name="submission_by_proposal"
            ),
            models.Index(fields=("review", "latest_version"), name="submission_by_latest"),
            models.Index(fields=("reviewed_at",), name="submission_by_reviewed_at"),
            models.Index(fields=("review", "claimed_until"), name="submission_by_claim"),
        )

    def __str__(self) -> str:
        return f"{self.get_predicted_digit_display()} ({self.id})"

    @property
    def fate(self) -> Fate:
        """Learned only while the approval stands: it may be taken back afterwards."""
        if self.review == Review.APPROVED and self.learned_in_id is not None:
            return Fate.LEARNED
        return Fate(self.review)

    def correct(self, answer: Answer) -> None:
        """Store what the visitor says it is; raises `AlreadyReviewedError` once reviewed."""
        now = timezone.now()
        # One statement, so that a review at the same moment either sees it or forbids it.
        changed = (
            Submission.objects.pending()
            .filter(pk=self.pk)
            .update(corrected_digit=answer, corrected_at=now)
        )
        if not changed:
            raise AlreadyReviewedError
        self.corrected_digit, self.corrected_at = answer, now

    def approve(self, reviewer: Any, label: Answer) -> None:
        """Accept `label` as what it is: from now on it is trained on.

        This, `reject` and `reopen` raise `AlreadyReviewedError` where somebody else was faster.
        """
        self._review(Review.APPROVED, reviewer, label)

    def reject(self, reviewer: Any) -> None:
        """Nobody can say what it is, or it should not be learned."""
        self._review(Review.REJECTED, reviewer, None)

    def reopen(self) -> None:
        """Take the review back: the visitor may correct again."""
        self._review(Review.PENDING, None, None)

    def _review(self, review: Review, reviewer: Any, label: Answer | None) -> None:
        values = {
            "review": review,
            "label": label,
            "reviewed_by": reviewer,
            "reviewed_at": timezone.now() if reviewer else None,
            **UNCLAIMED,
        }
        # Only while it is as it was when it was looked at, so that no review is overwritten unseen.
        seen = Submission.objects.filter(pk=self.pk, reviewed_at=self.reviewed_at)
        if not seen.update(**values):
            raise AlreadyReviewedError
        for name, value in values.items():
            setattr(self, name, value)
