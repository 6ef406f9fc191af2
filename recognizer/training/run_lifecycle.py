"""The lifecycle of a training run. Across all hosts, at most one run is running at a time."""

import logging
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from threading import Event, Thread
from typing import Final

from django.conf import settings
from django.db import IntegrityError, connection
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone
from filelock import FileLock, Timeout

from ml.training.results import Progress
from recognizer.models import RunCancelledError, RunState, TrainingRun, TrainingRunQuerySet
from recognizer.training.database_outages import (
    OUTAGE_ERRORS,
    RETRY_SECONDS,
    retry,
    write_or_skip,
)

# Seconds between two heartbeats. If none comes for models.HEARTBEAT_TIMEOUT, the run counts as
# crashed.
HEARTBEAT_SECONDS: Final = 10.0
# Minimum seconds between two writes of the progress.
PROGRESS_SECONDS: Final = 1.0
BUSY: Final = "Another training run is running. Wait until it ends."
CRASHED: Final = "The process ended: it was killed, it ran out of memory, or its host went down."

log = logging.getLogger(__name__)


class RetrainError(Exception):
    """Raised when a training run must not start or its result must not be stored.

    The message says why and what to do.
    """


@contextmanager
def track_run(run: TrainingRun) -> Iterator[None]:
    """Mark `run` as running during the block. Store the state and the reason if the block fails.

    A block that succeeds stores its result itself.

    Raises `RetrainError` if another run is running.
    Raises `RunCancelledError` if `run` was cancelled before it started.
    """
    try:
        with _host_lock(run):
            _start(run)
            with _heartbeats(run):
                yield
    except KeyboardInterrupt:
        _end(run, RunState.CANCELLED, "Interrupted: the process received a signal to stop.")
        raise
    except RunCancelledError as error:
        _end(run, RunState.CANCELLED, str(error))
        raise
    except BaseException as error:
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
            if not math.isfinite(progress.loss):
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


@contextmanager
def _host_lock(run: TrainingRun) -> Iterator[None]:
    """Hold this host's lock during the block. Raises `RetrainError` if another process holds it.

    The operating system releases the lock when the process ends, even after a crash. So a process
    that gets the lock knows that the previous holder has ended. If the previous holder's run is
    still marked as running, it is marked as crashed at once. A run that crashed on another host is
    detected later, by its missing heartbeats.
    """
    try:
        lock = FileLock(settings.DATA_DIR / "retrain.lock").acquire(timeout=0)
    except Timeout as error:
        raise RetrainError(BUSY) from error
    with lock:
        holder_file = settings.DATA_DIR / "retrain.run"
        if holder_file.exists():
            # The file is empty if the previous holder crashed while writing it.
            holder_pks = holder_file.read_text().split()
            _mark_as_crashed(TrainingRun.objects.filter(pk__in=holder_pks))
        holder_file.write_text(str(run.pk))
        yield


def _start(run: TrainingRun) -> None:
    """Change the state to running. Raises `RetrainError` if another run is running."""
    _mark_as_crashed(TrainingRun.objects.stale())
    try:
        run.begin()
    except IntegrityError as error:
        raise RetrainError(BUSY) from error


def _end(run: TrainingRun, state: RunState, reason: str) -> None:
    """Store why the run ended early. If the database does not answer, the run becomes stale."""
    try:
        retry(lambda: run.end(state, reason, log=run.log))
    except OUTAGE_ERRORS as error:
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
