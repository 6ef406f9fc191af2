"""Blind reviews, which measure how well reviewers agree."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from recognizer.models.choices import Label
from recognizer.models.submission import Submission


class BlindReview(models.Model):
    """A second review of a submission by a reviewer who cannot see the first one.

    A blind review never changes the submission. Until the reviewer decides, `answered_at`, `label`
    and `agrees` are null. After a rejection, `label` stays null. After an undo, `label` and
    `agrees` are null, and later decisions of this reviewer are not stored.
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

    def record(self, label: Label | None) -> bool:
        """Store the reviewer's first decision: a label, or None for a rejection.

        Return whether `label` is the first decision or repeats it. A later decision is not stored,
        because the reviewer may have seen the first review since. After an undo, no decision is
        stored, and the result is true.

        Raises `Submission.DoesNotExist` if the submission was deleted meanwhile.
        """
        agrees = label == self.submission.label
        # One statement checks and updates, so two simultaneous decisions cannot both be the first.
        unanswered = BlindReview.objects.filter(pk=self.pk, answered_at=None)
        if unanswered.update(label=label, answered_at=timezone.now(), agrees=agrees):
            return True
        stored_label, stored_agrees = self._load_decision()
        return stored_agrees is None or stored_label == label

    def undo(self) -> None:
        """Remove the reviewer's decision. The exception is that of `record`."""
        decided = BlindReview.objects.filter(pk=self.pk, answered_at__isnull=False)
        if not decided.update(label=None, agrees=None):
            self._load_decision()

    def _load_decision(self) -> tuple[int | None, bool | None]:
        """Return the stored label, and whether it agrees with the first review."""
        stored = BlindReview.objects.filter(pk=self.pk)
        decision = stored.values_list("label", "agrees").first()
        if decision is None:
            raise Submission.DoesNotExist
        return decision
