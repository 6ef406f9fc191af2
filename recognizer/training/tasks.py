"""Background tasks, which `manage.py worker` runs."""

import logging

from django_tasks import task

from recognizer.models import RunCancelledError, TrainingRun
from recognizer.serving.model_registry import CorruptModelError
from recognizer.training.retraining import MnistError, Options, RetrainError, retrain

log = logging.getLogger(__name__)


@task()
def retrain_in_background(run_pk: int) -> None:
    """Execute a training run that was started in the admin, as `manage.py retrain` would.

    An error that `retrain` documents is logged, not raised. The training run stores every error.
    """
    run = TrainingRun.objects.get(pk=run_pk)
    log.info("%s starts, requested by %s", run, run.requested_by)
    try:
        outcome = retrain(
            Options(**run.options), on_progress=lambda _: None, on_message=log.info, run=run
        )
    except (RetrainError, RunCancelledError, MnistError, CorruptModelError) as error:
        log.warning("%s: %s", run, error)
    except KeyboardInterrupt:
        # The exception is not raised again, because the worker exits after this function returns.
        log.warning("%s was interrupted.", run)
    else:
        log.info("%s: %s. %s", run, outcome.decision, outcome.reason)
