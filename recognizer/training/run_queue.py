"""The training runs that were started in the admin, for `manage.py worker`.

The rows of the waiting runs are the queue. A run leaves it in the same statement that marks the run
as running. A worker that dies before that leaves the run to the next worker.
"""

import logging

from recognizer.models import RunCancelledError, RunState, TrainingRun
from recognizer.serving.model_registry import DATABASE_OUTAGES, CorruptModelError
from recognizer.training.retraining import MnistError, Options, RetrainError, retrain

log = logging.getLogger(__name__)


def next_run() -> TrainingRun | None:
    """Return the run that has waited longest, or None if none waits or another run is running."""
    unfinished = list(TrainingRun.objects.unfinished().order_by("pk"))
    if any(run.state == RunState.RUNNING for run in unfinished):
        return None
    return unfinished[0] if unfinished else None


def execute(run: TrainingRun) -> None:
    """Execute a training run that was started in the admin, as `manage.py retrain` would.

    Errors are logged and stored in the run. Only those of a database that does not answer are
    raised.
    """
    log.info("%s starts, requested by %s", run, run.requested_by)
    try:
        outcome = retrain(
            Options(**run.options), on_progress=lambda _: None, on_message=log.info, run=run
        )
    except (RetrainError, RunCancelledError, MnistError, CorruptModelError) as error:
        log.warning("%s: %s", run, error)
    except DATABASE_OUTAGES:
        raise
    except Exception as error:  # The worker must go on with the next run.
        log.exception("%s failed", run)
        run.end(RunState.FAILED, str(error) or type(error).__name__)
    else:
        log.info("%s: %s. %s", run, outcome.decision, outcome.reason)
