"""Second looks: what shows how well reviewers agree."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from recognizer.models.answers import Answer
from recognizer.models.submissions import Submission


class SecondLook(models.Model):
    """A reviewed submission, shown to another reviewer as if it were not: do the two agree?

    Nothing changes by it.
    """

    submission = models.ForeignKey(Submission, models.CASCADE, related_name="second_looks")
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    created = models.DateTimeField(default=timezone.now)
    answered_at = models.DateTimeField(null=True)
    label = models.PositiveSmallIntegerField(choices=Answer, null=True, help_text="null: rejected")
    agrees = models.BooleanField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("submission", "reviewer"), name="one_second_look_each"),
        )

    def __str__(self) -> str:
        return f"{self.reviewer} on {self.submission_id}"

    def answer(self, label: Answer | None) -> None:
        """What the reviewer says: a label, or None for a rejection."""
        self.label, self.answered_at = label, timezone.now()
        self.agrees = label == self.submission.label
        self.save(update_fields=("label", "answered_at", "agrees"))

    def take_back(self) -> None:
        self.label = self.answered_at = self.agrees = None
        self.save(update_fields=("label", "answered_at", "agrees"))
