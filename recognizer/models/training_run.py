"""Training runs: who requested a retraining, its progress and its result."""

from datetime import timedelta
from typing import Any, Final, Self

from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone

from recognizer.models.model_version import ModelVersion

# A running process sends a heartbeat every ten seconds. Without one for this long, it has crashed.
HEARTBEAT_TIMEOUT: Final = timedelta(seconds=60)


class RunState(models.TextChoices):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    REJECTED = "rejected"
    FAILED = "failed"
    CANCELLED = "cancelled"


class RunCancelledError(Exception):
    """A user cancelled the training run, or it was marked as crashed. The message says which."""


class TrainingRunQuerySet(models.QuerySet["TrainingRun"]):
    def stale(self) -> Self:
        """Return the running runs without a recent heartbeat."""
        return self.filter(
            state=RunState.RUNNING, heartbeat_at__lt=timezone.now() - HEARTBEAT_TIMEOUT
        )

    def unfinished(self) -> Self:
        """Return the waiting runs and the running run, unless it is stale."""
        running = Q(state=RunState.RUNNING, heartbeat_at__gte=timezone.now() - HEARTBEAT_TIMEOUT)
        return self.filter(running | Q(state=RunState.WAITING))


class TrainingRun(models.Model):
    """One retraining: who requested it, its progress and its result."""

    created = models.DateTimeField(default=timezone.now, editable=False)
    requested_by = models.CharField(max_length=150, default="manage.py retrain")
    options = models.JSONField(help_text="as retraining.Options")
    state = models.CharField(max_length=9, choices=RunState, default=RunState.WAITING)
    reason = models.TextField(blank=True, help_text="the result in a sentence")
    started = models.DateTimeField(null=True, blank=True)
    finished = models.DateTimeField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True, help_text="the last heartbeat")
    progress = models.JSONField(null=True, blank=True, help_text="as ml.training.trainer.Progress")
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
            # All hosts share the database, so this holds for all of them together.
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
    def is_stale(self) -> bool:
        return TrainingRun.objects.stale().filter(pk=self.pk).exists()

    def begin(self) -> None:
        """Change the state from waiting to running.

        Raises `IntegrityError` if another run is running, and `RunCancelledError`.
        """
        now = timezone.now()
        waiting = TrainingRun.objects.filter(pk=self.pk, state=RunState.WAITING)
        with transaction.atomic():
            if not waiting.update(state=RunState.RUNNING, started=now, heartbeat_at=now):
                raise self._cancelled()

    def heartbeat(self, **fields: Any) -> None:
        """Store a heartbeat and `fields`. Raises `RunCancelledError` if the run must stop."""
        active = TrainingRun.objects.filter(pk=self.pk, state=RunState.RUNNING, cancelled_by="")
        if not active.update(heartbeat_at=timezone.now(), **fields):
            raise self._cancelled()

    def end(self, state: RunState, reason: str, **fields: Any) -> None:
        """Store the result, unless the run has already ended."""
        unfinished = TrainingRun.objects.filter(
            pk=self.pk, state__in=(RunState.WAITING, RunState.RUNNING)
        )
        unfinished.update(state=state, reason=reason, finished=timezone.now(), **fields)

    def cancel(self, by: str) -> None:
        """Cancel a waiting or stale run now, and a running one at its next heartbeat."""
        with transaction.atomic():
            this = TrainingRun.objects.filter(pk=self.pk)
            this.filter(state=RunState.RUNNING, cancelled_by="").update(cancelled_by=by)
            if this.filter(state=RunState.WAITING).exists() or self.is_stale:
                self.end(RunState.CANCELLED, f"Cancelled by {by}.", cancelled_by=by)

    def _cancelled(self) -> RunCancelledError:
        self.refresh_from_db()
        if self.cancelled_by:
            return RunCancelledError(f"Cancelled by {self.cancelled_by}.")
        return RunCancelledError(f"This run has already ended: {self.reason}")
