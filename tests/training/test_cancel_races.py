"""A run that is cancelled at the moment of its start is cancelled."""

from dataclasses import asdict

import pytest

from recognizer.models import RunCancelledError, RunState, TrainingRun
from recognizer.training.retraining import Options
from tests.support.threads import run_at_once

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]


def test_cancel_at_the_moment_of_the_start_is_not_lost():
    for _ in range(20):
        run = TrainingRun.objects.create(options=asdict(Options()))
        cancelled, started = run_at_once(lambda run=run: run.cancel(by="carl"), run.begin)
        assert cancelled is True
        assert started is None or isinstance(started, RunCancelledError)
        run.refresh_from_db()
        if run.state == RunState.RUNNING:
            with pytest.raises(RunCancelledError):
                run.heartbeat()
            run.end(RunState.CANCELLED, "Cancelled by carl.")
        assert run.cancelled_by == "carl"
