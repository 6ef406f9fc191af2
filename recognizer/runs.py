"""Every retraining is a `TrainingRun`, and one runs at a time, on all hosts together."""

import logging
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from threading import Event, Thread
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.db import IntegrityError, OperationalError, connection
from django.db.models import F
from django.utils import timezone
from filelock import FileLock, Timeout

from recognizer.models import CancelledError, RunState, TrainingRun, TrainingRunQuerySet

if TYPE_CHECKING:
    from ml.training import Progress

BEAT_SECONDS: Final = 10.0  # between signs of life; see models.SILENT
REPORT_SECONDS: Final = 1.0  # progress is written at most so often
BUSY: Final = "Another retraining is running. Wait for its end."
DIED: Final = "The process ended: killed, out of memory, or its machine is gone."

log = logging.getLogger(__name__)


class RetrainError(Exception):
    """The retraining cannot start; the message says why and what to do."""


@contextmanager
def recorded(run: TrainingRun) -> Iterator[None]:
    """Do the block as `run`, alone; its row says how it ended.

    Raises `RetrainError` while another one runs, and `CancelledError` if it was cancelled before.
    """
    try:
        with _alone_on_this_host(run):
            _begin(run)
            with _beating(run):
                yield
    except KeyboardInterrupt:
        run.end(RunState.CANCELLED, "Interrupted: its process was told to stop.")
        raise
    except CancelledError as error:
        run.end(RunState.CANCELLED, str(error))
        raise
    except BaseException as error:
        run.end(RunState.FAILED, str(error) or type(error).__name__)
        raise


def reporting(
    run: TrainingRun, report: Callable[["Progress"], None]
) -> Callable[["Progress"], None]:
    """`report`, which also writes the progress into the row, and stops where that says so."""
    written = -math.inf

    def report_and_write(progress: "Progress") -> None:
        nonlocal written
        report(progress)
        if time.monotonic() - written >= REPORT_SECONDS:
            written = time.monotonic()
            values = asdict(progress)
            if not math.isfinite(progress.loss):  # JSON has no word for it
                values["loss"] = None
            run.beat(progress=values)

    return report_and_write


def telling(run: TrainingRun, say: Callable[[str], None]) -> Callable[[str], None]:
    """`say`, which also writes the sentence into the row's log."""

    def say_and_write(sentence: str) -> None:
        say(sentence)
        run.log += f"{timezone.now():%H:%M:%S} {sentence}\n"
        run.beat(log=run.log)

    return say_and_write


def duration(seconds: float) -> str:
    """In the largest unit that fits."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 90 * 60 else f"{seconds / 3600:.1f} h"


@contextmanager
def _alone_on_this_host(run: TrainingRun) -> Iterator[None]:
    """Hold a lock that the operating system frees when this process ends, however it ends.

    So whoever held it before has ended, and is marked so at once where it could not say it; on
    other hosts, that one is dead shows in its silence.
    """
    try:
        lock = FileLock(settings.DATA_DIR / "retrain.lock").acquire(timeout=0)
    except Timeout as error:
        raise RetrainError(BUSY) from error
    with lock:
        holder = settings.DATA_DIR / "retrain.run"
        if holder.exists():
            _bury(TrainingRun.objects.filter(pk__in=holder.read_text().split()))
        holder.write_text(str(run.pk))
        yield


def _begin(run: TrainingRun) -> None:
    _bury(TrainingRun.objects.silent())
    try:
        run.begin()
    except IntegrityError as error:
        raise RetrainError(BUSY) from error


def _bury(runs: TrainingRunQuerySet) -> None:
    """Write down the end of those that could not do it themselves."""
    dead = runs.filter(state=RunState.RUNNING)
    dead.update(state=RunState.FAILED, reason=DIED, finished=F("seen"))


@contextmanager
def _beating(run: TrainingRun) -> Iterator[None]:
    """A thread gives signs of life, also while the work says nothing for minutes."""
    ended = Event()
    Thread(target=_beat, args=(run.pk, ended), daemon=True).start()
    try:
        yield
    finally:
        ended.set()


def _beat(pk: int, ended: Event) -> None:
    try:
        while not ended.wait(BEAT_SECONDS):
            try:
                mine = TrainingRun.objects.filter(pk=pk, state=RunState.RUNNING)
                mine.update(seen=timezone.now())
            except OperationalError as error:  # the next one may get through
                log.warning("no sign of life could be written: %s", error)
    finally:
        connection.close()  # this thread's own
