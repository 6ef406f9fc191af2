"""`manage.py worker`: execute the training runs that are started in the admin."""

import logging
import os
import signal
import sys
import time
from argparse import ArgumentParser
from threading import Thread
from types import FrameType
from typing import Any, Final

from django.core.management.base import BaseCommand
from django.db import OperationalError, connection
from django.utils.crypto import get_random_string
from django_tasks_db.management.commands.db_worker import Worker

from recognizer.management import shared

POLL_SECONDS: Final = 1.0  # between two queries for a task
RETRY_SECONDS: Final = 10.0  # before the next attempt after a database error
GRACE_SECONDS: Final = 10.0  # between SIGTERM and a forced exit

log = logging.getLogger(__name__)


class InterruptibleWorker(Worker):
    """Stop at once on a signal, even during a training run, which then stores no version.

    The library's worker would finish the run first.
    """

    def shutdown(self, signum: int, frame: FrameType | None) -> None:
        super().shutdown(signum, frame)
        raise KeyboardInterrupt


class Command(BaseCommand):
    help = (
        "Wait for training runs that are started in the admin, and execute them one by one. "
        "The worker can run on any host that reaches the database. `make run` starts one."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--parent",
            type=shared.positive_integer,
            metavar="PID",
            help="exit when this parent process has ended",
        )

    def handle(self, parent: int | None, **options: Any) -> None:
        # By default, TensorFlow prints a page of hints about GPUs.
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        shared.check_migrations()
        if parent is not None:
            Thread(target=exit_with_parent, args=(parent,), daemon=True).start()
        worker = make_worker()
        worker.configure_signals()
        try:
            worker.run()
        except OperationalError as error:
            log.warning("The database does not answer: %s. Trying again ...", error)
            time.sleep(RETRY_SECONDS)
        if worker.running:
            connection.close()
            # The worker ends after each task. This call replaces the process with a new worker,
            # because TensorFlow keeps its memory as long as the program runs.
            os.execv(sys.executable, sys.orig_argv)


def make_worker() -> InterruptibleWorker:
    """Return a worker that ends after one task."""
    return InterruptibleWorker(
        queue_names=["*"],
        excluded_queue_names=[],
        interval=POLL_SECONDS,
        batch=False,
        backend_name="default",
        startup_delay=False,
        max_tasks=1,
        worker_id=get_random_string(32),
    )


def exit_with_parent(parent: int) -> None:
    """Wait until the parent process has ended, even by a crash. Then end this process."""
    while os.getppid() == parent:
        time.sleep(1)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    # While TensorFlow computes, the main thread may not handle the signal.
    os._exit(1)
