"""The lifecycle of a training run. Across all hosts, at most one run is running at a time."""

import logging
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from threading import Event, Thread
from typing import Final

from django.db import IntegrityError, connection
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from ml.training.results import Progress
from recognizer.models import (
    HEARTBEAT_TIMEOUT,
    RunCancelledError,
    RunNotWaitingError,
    RunState,
    TrainingRun,
    TrainingRunQuerySet,
)
from recognizer.serving.model_registry import DATABASE_OUTAGES
from recognizer.training.database_outages import (
    RETRY_SECONDS,
    retry,
    write_or_skip,
)

# Seconds between two heartbeats. If none comes for models.HEARTBEAT_TIMEOUT, the run counts as
# crashed.
HEARTBEAT_SECONDS: Final = 10.0
# Minimum seconds between two writes of the progress.
PROGRESS_SECONDS: Final = 1.0
CRASHED: Final = "The process ended: it was killed, it ran out of memory, or its host went down."

log = logging.getLogger(__name__)


class RetrainError(Exception):
    """Raised when a training run must not start or its result must not be stored.

    The message says why and what to do.
    """


class OtherRunRunningError(RetrainError):
    """Raised when a run cannot begin, because another run is running."""


@contextmanager
def track_run(run: TrainingRun) -> Iterator[None]:
    """Mark `run` as running during the block. Store the state and the reason if the block fails.

    A block that succeeds stores its result itself.

    Raises `OtherRunRunningError` if another run is running. `run` does not change then.
    Raises `RunNotWaitingError` if another process has started `run`, or if it has ended.
    Raises one of `DATABASE_OUTAGES` if the database cannot store the start. `run` keeps waiting.
    """
    has_begun = False
    try:
        _start(run)
        has_begun = True
        with _heartbeats(run):
            yield
    except KeyboardInterrupt:
        _end(run, RunState.CANCELLED, "Interrupted: the process received a signal to stop.")
        raise
    except (OtherRunRunningError, RunNotWaitingError):
        # The run stays in the queue, or another process executes it.
        raise
    except RunCancelledError as error:
        _end(run, RunState.CANCELLED, str(error))
        raise
    except BaseException as error:
        if has_begun or not isinstance(error, DATABASE_OUTAGES):
            _end(run, RunState.FAILED, str(error) or type(error).__name__)
        raise


def persist_progress(
    run: TrainingRun, on_progress: Callable[[Progress], None]
) -> Callable[[Progress], None]:
    """Return a callback that calls `on_progress` and stores the progress in the run.

    The callback raises `RunCancelledError` if the run must stop.
    """
    last_write = -math.inf

    def callback(progress: Progress) -> None:
        nonlocal last_write
        on_progress(progress)
        if time.monotonic() - last_write >= PROGRESS_SECONDS:
            last_write = time.monotonic()
            values = asdict(progress)
            if progress.loss is not None and not math.isfinite(progress.loss):
                values["loss"] = None  # JSON has neither NaN nor infinity.
            # Raises RunCancelledError if the run was cancelled.
            write_or_skip(run.heartbeat, progress=values, log=run.log)

    return callback


def persist_log(run: TrainingRun, on_message: Callable[[str], None]) -> Callable[[str], None]:
    """Return a callback that calls `on_message` and appends the message to the run's log.

    The callback raises `RunCancelledError` if the run must stop.
    """

    def callback(message: str) -> None:
        on_message(message)
        run.log += f"{timezone.now():%H:%M:%S} {message}\n"
        # Raises RunCancelledError if the run was cancelled.
        write_or_skip(run.heartbeat, log=run.log)

    return callback


def format_duration(seconds: float) -> str:
    """Return a duration as text, for example "30 s", "12 min" or "1.5 h"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 90 * 60 else f"{seconds / 3600:.1f} h"


def _start(run: TrainingRun) -> None:
    """Change the state to running. Raises `OtherRunRunningError` if another run is running."""
    _mark_as_crashed(TrainingRun.objects.stale())
    try:
        run.begin()
    except IntegrityError as error:
        raise OtherRunRunningError(_describe_running_run()) from error


def _describe_running_run() -> str:
    """Return sentences that name the running run, and say how to start another one."""
    other = TrainingRun.objects.filter(state=RunState.RUNNING).first()
    if other is None or (age := other.heartbeat_age) is None:
        return "Another training run was running, and has just ended. Start this one again."
    timeout = format_duration(HEARTBEAT_TIMEOUT.total_seconds())
    return (
        f"Another training run is running: {other}, requested by {other.requested_by}. Its last "
        f"heartbeat was {format_duration(age.total_seconds())} ago. Wait until it ends, or cancel "
        f"it in the admin. If its process has crashed, another run can start {timeout} after the "
        "last heartbeat."
    )


def _end(run: TrainingRun, state: RunState, reason: str) -> None:
    """Store why the run ended early. If the database does not answer, the run becomes stale."""
    if run.pk is None:  # The run of a command, which could not begin.
        return
    try:
        retry(lambda: run.end(state, reason, log=run.log))
    except DATABASE_OUTAGES as error:
        log.warning("could not store the end of %s: %s", run, error)


def _mark_as_crashed(runs: TrainingRunQuerySet) -> None:
    """Mark the runs that are still running as failed, and as ended at their last heartbeat."""
    crashed = runs.filter(state=RunState.RUNNING)
    crashed.update(state=RunState.FAILED, reason=CRASHED, finished=F("heartbeat_at"))


@contextmanager
def _heartbeats(run: TrainingRun) -> Iterator[None]:
    """Send heartbeats during the block, from a thread, because one step can take minutes."""
    ended = Event()
    Thread(target=_send_heartbeats, args=(run.pk, ended), daemon=True).start()
    try:
        yield
    finally:
        ended.set()


def _send_heartbeats(pk: int, ended: Event) -> None:
    """Send a heartbeat every `HEARTBEAT_SECONDS` until `ended` is set."""
    running = TrainingRun.objects.filter(pk=pk, state=RunState.RUNNING)
    pause = HEARTBEAT_SECONDS
    try:
        while not ended.wait(pause):
            stored = write_or_skip(running.update, heartbeat_at=Now())
            pause = HEARTBEAT_SECONDS if stored else RETRY_SECONDS
    finally:
        # Django opens a connection for each thread, and closes only those of requests.
        connection.close()
