"""Blind reviews, which measure how well reviewers agree."""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.utils import timezone

from recognizer.models.choices import Label
from recognizer.models.submission import Submission


class BlindReview(models.Model):
    """A second review of a submission by a reviewer who cannot see the first one.

    A blind review never changes the submission. Until the reviewer decides, `answered_at`, `label`
    and `agrees` are null. After a rejection, `label` stays null.
    """

    submission = models.ForeignKey(Submission, models.CASCADE, related_name="blind_reviews")
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    created = models.DateTimeField(default=timezone.now)
    answered_at = models.DateTimeField(null=True)
    label = models.PositiveSmallIntegerField(choices=Label, null=True, help_text="null: rejected")
    agrees = models.BooleanField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("submission", "reviewer"), name="one_blind_review_per_reviewer"
            ),
        )

    def __str__(self) -> str:
        return f"{self.reviewer} on {self.submission_id}"

    def record(self, label: Label | None) -> None:
        """Store the reviewer's decision: a label, or None for a rejection.

        Raises `Submission.DoesNotExist` if the submission was deleted meanwhile.
        """
        self._store(label, timezone.now(), label == self.submission.label)

    def undo(self) -> None:
        """Remove the reviewer's decision. The exception is that of `record`."""
        self._store(None, None, None)

    def _store(
        self, label: Label | None, answered_at: datetime | None, agrees: bool | None
    ) -> None:
        stored = BlindReview.objects.filter(pk=self.pk)
        if not stored.update(label=label, answered_at=answered_at, agrees=agrees):
            raise Submission.DoesNotExist
