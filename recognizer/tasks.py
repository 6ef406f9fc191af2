"""What a web process asks for and `manage.py worker` does."""

import logging

from django_tasks import task

from recognizer.models import TrainingRun
from recognizer.registry import DamagedModelError
from recognizer.retraining import CancelledError, MnistError, Options, RetrainError, retrain

log = logging.getLogger(__name__)


@task()
def retrain_in_background(run_pk: int) -> None:
    """The same as `manage.py retrain`; the run's row says who asked, and how it ended."""
    run = TrainingRun.objects.get(pk=run_pk)
    log.info("%s begins, asked for by %s", run, run.asked_by)
    try:
        outcome = retrain(Options(**run.options), report=lambda _: None, say=log.info, run=run)
    except (RetrainError, CancelledError, MnistError, DamagedModelError) as error:
        log.warning("%s: %s", run, error)
    except KeyboardInterrupt:  # the worker is told to end, and ends when this does
        log.warning("%s was interrupted.", run)
    else:
        log.info("%s: %s. %s", run, outcome.decision, outcome.reason)
