"""`manage.py worker`: execute the training runs that are started in the admin."""

import logging
import os
import signal
import sys
import time
from argparse import ArgumentParser
from threading import Thread
from typing import Any, Final

from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import Error, close_old_connections, connection

from recognizer.management import shared
from recognizer.models import TrainingRun
from recognizer.serving.model_registry import DATABASE_OUTAGES
from recognizer.training import run_queue

POLL_SECONDS: Final = 1.0  # between two queries for a training run
RETRY_SECONDS: Final = 10.0  # before the next attempt after a database error
SESSION_CLEANUP_SECONDS: Final = 3600.0  # between two deletions of expired sessions
GRACE_SECONDS: Final = 10.0  # between SIGTERM and a forced exit

log = logging.getLogger(__name__)


class Command(BaseCommand):
    help = (
        "Wait for training runs that are started in the admin, and execute them one by one. "
        "Delete expired sessions every hour. The worker can run on any host that reaches the "
        "database. `make run` starts one."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--parent",
            type=shared.positive_integer,
            metavar="PID",
            help="exit when this parent process has ended",
        )

    def handle(self, parent: int | None, **options: Any) -> None:
        shared.check_migrations()
        if parent is not None:
            Thread(target=exit_with_parent, args=(parent,), daemon=True).start()
        Thread(target=clear_expired_sessions, daemon=True).start()
        try:
            execute_next_run()
        except KeyboardInterrupt:
            # A signal also ends a training run, which then stores no version.
            log.warning("The worker was stopped by a signal.")
            return
        # Replace the process with a new worker, because TensorFlow keeps its memory as long as the
        # program runs.
        connection.close()
        os.execv(sys.executable, sys.orig_argv)


def execute_next_run() -> None:
    """Wait until a training run was started in the admin, and execute it."""
    log.info("waiting for training runs")
    try:
        run_queue.execute(wait_for_run())
    except DATABASE_OUTAGES as error:
        log.warning("The database does not answer: %s. Waiting until it does ...", error)
        # A new worker cannot start without the database. On a read-only database, it can start, but
        # cannot begin a run, so it must not try without a pause.
        time.sleep(RETRY_SECONDS)
        while not database_answers():
            time.sleep(RETRY_SECONDS)


def wait_for_run() -> TrainingRun:
    """Return the next training run as soon as there is one, also after an outage."""
    while True:
        try:
            if (run := run_queue.next_run()) is not None:
                return run
            close_old_connections()
        except DATABASE_OUTAGES as error:
            log.warning("The database does not answer: %s. Trying again ...", error)
            connection.close()
            time.sleep(RETRY_SECONDS)
        time.sleep(POLL_SECONDS)


def database_answers() -> bool:
    """Return whether a new connection to the database works."""
    connection.close()
    try:
        connection.ensure_connection()
    except DATABASE_OUTAGES:
        return False
    return True


def clear_expired_sessions() -> None:
    """Delete the expired sessions at once, and then every hour. This function does not return."""
    while True:
        try:
            call_command("clearsessions")
        except Error as error:
            log.warning("Expired sessions could not be deleted: %s", error)
        connection.close()
        time.sleep(SESSION_CLEANUP_SECONDS)


def exit_with_parent(parent: int) -> None:
    """Wait until the parent process has ended, even by a crash. Then end this process."""
    while os.getppid() == parent:
        time.sleep(1)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    # While TensorFlow computes, the main thread may not handle the signal.
    os._exit(1)
