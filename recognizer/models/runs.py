"""Training runs: who asked for a retraining, how far it is, what came of it."""

from datetime import timedelta
from typing import Any, Final, Self

from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone

from recognizer.models.versions import ModelVersion

SILENT: Final = timedelta(seconds=60)  # without a sign of life, a running process counts as dead


class RunState(models.TextChoices):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"
    CANCELLED = "cancelled"


class CancelledError(Exception):
    """The training run was stopped, or given up as dead; the message says by whom."""


class TrainingRunQuerySet(models.QuerySet["TrainingRun"]):
    def silent(self) -> Self:
        """Those that should be running, but whose process seems to have ended."""
        return self.filter(state=RunState.RUNNING, seen__lt=timezone.now() - SILENT)

    def unfinished(self) -> Self:
        """The waiting ones and the running one, unless it is silent."""
        running = Q(state=RunState.RUNNING, seen__gte=timezone.now() - SILENT)
        return self.filter(running | Q(state=RunState.WAITING))


class TrainingRun(models.Model):
    """One retraining: who asked for it, how far it is, what came of it."""

    created = models.DateTimeField(default=timezone.now, editable=False)
    asked_by = models.CharField(max_length=150, default="manage.py retrain")
    options = models.JSONField(help_text="as retraining.Options")
    state = models.CharField(max_length=9, choices=RunState, default=RunState.WAITING)
    reason = models.TextField(blank=True, help_text="what came of it, in words")
    started = models.DateTimeField(null=True, blank=True)
    finished = models.DateTimeField(null=True, blank=True)
    seen = models.DateTimeField(null=True, blank=True, help_text="the last sign of life")
    progress = models.JSONField(null=True, blank=True, help_text="as ml.training.Progress")
    log = models.TextField(blank=True)
    scores = models.JSONField(null=True, blank=True, help_text="name: [before, after]")
    cancelled_by = models.CharField(max_length=150, blank=True)
    version = models.ForeignKey(
        ModelVersion, models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = TrainingRunQuerySet.as_manager()

    class Meta:
        ordering = ("-pk",)
        constraints = (
            # On all hosts together.
            models.UniqueConstraint(
                fields=("state",), condition=Q(state=RunState.RUNNING), name="one_running"
            ),
        )

    def __str__(self) -> str:
        return f"training run {self.pk}"

    @property
    def is_finished(self) -> bool:
        return self.state not in (RunState.WAITING, RunState.RUNNING)

    @property
    def is_silent(self) -> bool:
        return TrainingRun.objects.silent().filter(pk=self.pk).exists()

    def begin(self) -> None:
        """From waiting to running; `IntegrityError` while another one runs."""
        now = timezone.now()
        waiting = TrainingRun.objects.filter(pk=self.pk, state=RunState.WAITING)
        with transaction.atomic():
            if not waiting.update(state=RunState.RUNNING, started=now, seen=now):
                raise self._stopped()

    def beat(self, **fields: Any) -> None:
        """Store `fields` and a sign of life; raises `CancelledError` if it is to stop."""
        wanted = TrainingRun.objects.filter(pk=self.pk, state=RunState.RUNNING, cancelled_by="")
        if not wanted.update(seen=timezone.now(), **fields):
            raise self._stopped()

    def end(self, state: RunState, reason: str, **fields: Any) -> None:
        """Write down what came of it, unless somebody gave it up meanwhile."""
        unfinished = TrainingRun.objects.filter(
            pk=self.pk, state__in=(RunState.WAITING, RunState.RUNNING)
        )
        unfinished.update(state=state, reason=reason, finished=timezone.now(), **fields)

    def cancel(self, by: str) -> None:
        """Ask it to stop: at once where nothing works on it, else at its next sign of life."""
        with transaction.atomic():
            mine = TrainingRun.objects.filter(pk=self.pk)
            mine.filter(state=RunState.RUNNING, cancelled_by="").update(cancelled_by=by)
            if mine.filter(state=RunState.WAITING).exists() or self.is_silent:
                self.end(RunState.CANCELLED, f"Cancelled by {by}.", cancelled_by=by)

    def _stopped(self) -> CancelledError:
        self.refresh_from_db()
        if self.cancelled_by:
            return CancelledError(f"Cancelled by {self.cancelled_by}.")
        return CancelledError(f"This run was given up: {self.reason}")
