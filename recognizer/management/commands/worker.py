"""`manage.py worker`: do the retrainings that are started in the admin."""

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

from recognizer.management.commands.retrain import check_migrations, positive

POLL_SECONDS: Final = 1.0
PATIENCE_SECONDS: Final = 10.0  # with a database that does not answer, or a slow end

log = logging.getLogger(__name__)


class PromptWorker(Worker):
    """Ends at once when it is told to, also in the middle of a retraining: nothing is stored then.

    The library's own would train on until the end.
    """

    def shutdown(self, signum: int, frame: FrameType | None) -> None:
        super().shutdown(signum, frame)
        raise KeyboardInterrupt


class Command(BaseCommand):
    help = (
        "Wait for retrainings that are started in the admin, and do them one after the other, on "
        "any host that reaches the site's database. `make run` starts one beside the site."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--parent", type=positive, metavar="PID", help="end when this parent process has ended"
        )

    def handle(self, parent: int | None, **options: Any) -> None:
        # TensorFlow greets with a page of hints about GPUs otherwise.
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        check_migrations()
        if parent is not None:
            Thread(target=end_after, args=(parent,), daemon=True).start()
        worker = PromptWorker(
            queue_names=["*"],
            excluded_queue_names=[],
            interval=POLL_SECONDS,
            batch=False,
            backend_name="default",
            startup_delay=False,
            max_tasks=1,
            worker_id=get_random_string(32),
        )
        worker.configure_signals()
        try:
            worker.run()
        except OperationalError as error:
            log.warning("The database does not answer: %s. Trying again ...", error)
            time.sleep(PATIENCE_SECONDS)
        if worker.running:
            connection.close()
            # A process gives back TensorFlow's memory only with its end.
            os.execv(sys.executable, sys.orig_argv)


def end_after(parent: int) -> None:
    """In a thread: nobody is left behind when the site ends, however it ends."""
    while os.getppid() == parent:
        time.sleep(1)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(PATIENCE_SECONDS)
    os._exit(1)  # the main thread is deep in TensorFlow
