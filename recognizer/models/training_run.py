"""Training runs, with their requester, progress and result."""

from datetime import timedelta
from typing import Any, Final, Self

from django.db import models, transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.db.models.lookups import GreaterThan, LessThan
from django.utils import timezone

from recognizer.models.model_version import ModelVersion

# A running process sends a heartbeat every ten seconds. A run whose last heartbeat is older than
# this counts as crashed.
HEARTBEAT_TIMEOUT: Final = timedelta(seconds=60)
# The time since the last heartbeat, as an expression for queries. Heartbeats are stored and
# compared with the database's clock, because the clocks of two hosts can differ by minutes.
HEARTBEAT_AGE: Final = Now() - F("heartbeat_at")


class RunState(models.TextChoices):
    """The state of a training run. `DONE` also includes runs that stored no version."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    REJECTED = "rejected"
    FAILED = "failed"
    CANCELLED = "cancelled"


UNFINISHED_STATES: Final = (RunState.WAITING, RunState.RUNNING)


class RunCancelledError(Exception):
    """Raised when a run must stop, because a user cancelled it or it was marked as crashed.

    The message says which.
    """


class RunNotWaitingError(RunCancelledError):
    """Raised when a run cannot begin, because another process has begun it, or it has ended."""


# The condition of a run that counts as crashed. After the database's clock was set back, the last
# heartbeat of a crashed run is in the future. A running process would have sent another one.
IS_STALE: Final = Q(state=RunState.RUNNING) & (
    Q(GreaterThan(HEARTBEAT_AGE, HEARTBEAT_TIMEOUT))
    | Q(LessThan(HEARTBEAT_AGE, -HEARTBEAT_TIMEOUT))
)


class TrainingRunQuerySet(models.QuerySet["TrainingRun"]):
    def stale(self) -> Self:
        """Return the running runs without a current heartbeat. They count as crashed."""
        return self.filter(IS_STALE)

    def unfinished(self) -> Self:
        """Return the waiting runs, and the running run if it is not stale."""
        return self.filter(state__in=UNFINISHED_STATES).exclude(IS_STALE)


class TrainingRun(models.Model):
    """A training run, with its requester, progress and result."""

    created = models.DateTimeField(default=timezone.now, editable=False)
    requested_by = models.CharField(max_length=150, default="manage.py retrain")
    options = models.JSONField(help_text="as retraining.Options")
    state = models.CharField(max_length=9, choices=RunState, default=RunState.WAITING)
    reason = models.TextField(blank=True, help_text="the result in a sentence")
    started = models.DateTimeField(null=True, blank=True)
    finished = models.DateTimeField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(
        null=True, blank=True, help_text="time of the last heartbeat"
    )
    progress = models.JSONField(null=True, blank=True, help_text="as ml.training.results.Progress")
    log = models.TextField(blank=True)
    evaluation = models.JSONField(
        null=True, blank=True, help_text="as a list of candidate_evaluation.SetResult"
    )
    rehearsal = models.JSONField(null=True, blank=True, help_text="as training.rehearsal.Rehearsal")
    cancelled_by = models.CharField(max_length=150, blank=True)
    version = models.ForeignKey(
        ModelVersion, models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = TrainingRunQuerySet.as_manager()

    class Meta:
        ordering = ("-pk",)
        constraints = (
            # At most one run is running, even across hosts, because they share the database.
            models.UniqueConstraint(
                fields=("state",), condition=Q(state=RunState.RUNNING), name="one_running"
            ),
        )

    def __str__(self) -> str:
        return f"training run {self.pk}"

    @property
    def is_finished(self) -> bool:
        """Return whether the run has ended, whatever its result."""
        return self.state not in UNFINISHED_STATES

    @property
    def is_stale(self) -> bool:
        """Return whether the run is marked as running, but has no current heartbeat."""
        return TrainingRun.objects.stale().filter(pk=self.pk).exists()

    @property
    def heartbeat_age(self) -> timedelta | None:
        """Return the time since the last stored heartbeat, or None if there was none.

        It is negative if the database's clock was set back.
        """
        return TrainingRun.objects.values_list(HEARTBEAT_AGE, flat=True).get(pk=self.pk)

    def begin(self) -> None:
        """Change the state from waiting to running.

        A run that is not stored yet is stored as running, so that no worker can take it.

        Raises `IntegrityError` if another run is running. This run does not change then.
        Raises `RunNotWaitingError` if this run is not waiting any more.
        """
        if self._state.adding:
            self.state, self.started, self.heartbeat_at = RunState.RUNNING, Now(), Now()
            with transaction.atomic():
                self.save()
            self.refresh_from_db(fields=("started", "heartbeat_at"))
            return
        waiting = TrainingRun.objects.filter(pk=self.pk, state=RunState.WAITING)
        with transaction.atomic():
            if not waiting.update(state=RunState.RUNNING, started=Now(), heartbeat_at=Now()):
                raise RunNotWaitingError(str(self._cancelled()))

    def heartbeat(self, **fields: Any) -> None:
        """Store the time as the last heartbeat, and the values of `fields`.

        Raises `RunCancelledError` if the run was cancelled or has ended.
        """
        active = TrainingRun.objects.filter(pk=self.pk, state=RunState.RUNNING, cancelled_by="")
        if not active.update(heartbeat_at=Now(), **fields):
            raise self._cancelled()

    def end(self, state: RunState, reason: str, **fields: Any) -> None:
        """Store the result. A run that has already ended keeps its first result."""
        unfinished = TrainingRun.objects.filter(pk=self.pk, state__in=UNFINISHED_STATES)
        unfinished.update(state=state, reason=reason, finished=Now(), **fields)

    def cancel(self, by: str) -> bool:
        """Cancel a waiting or stale run at once. A running one stops at its next `heartbeat()`.

        Return whether this had an effect. A run that has ended or is already being cancelled does
        not change.
        """
        with transaction.atomic():
            rows = TrainingRun.objects.filter(pk=self.pk)
            # Without the lock, a run that starts now could be missed by both of the next lines.
            rows.select_for_update().get()
            running = rows.filter(state=RunState.RUNNING, cancelled_by="")
            is_cancelled = bool(running.update(cancelled_by=by))
            if rows.filter(state=RunState.WAITING).exists() or self.is_stale:
                self.end(RunState.CANCELLED, f"Cancelled by {by}.", cancelled_by=by)
                return True
        return is_cancelled

    def _cancelled(self) -> RunCancelledError:
        """Return the error whose message says why the run must stop."""
        self.refresh_from_db(fields=("cancelled_by", "reason", "state"))
        if self.cancelled_by:
            return RunCancelledError(f"Cancelled by {self.cancelled_by}.")
        if not self.is_finished:
            return RunCancelledError("Another process executes this run.")
        return RunCancelledError(f"This run has already ended: {self.reason}")
