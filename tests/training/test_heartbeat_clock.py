"""Hosts whose clocks differ agree on which training run is stale.

The clock of a host is `timezone.now`. Heartbeats are stored and compared with the database's clock.
"""

from dataclasses import asdict
from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone

from recognizer.models import RunState, TrainingRun
from recognizer.training import run_lifecycle
from recognizer.training.retraining import Options, RetrainError

pytestmark = [pytest.mark.database, pytest.mark.django_db]


@pytest.fixture
def run():
    """Return a run that another host has just started."""
    run = create_run()
    run.begin()
    return run


@pytest.fixture(params=[-90, 90])
def wrong_clock(request, monkeypatch):
    """Shift the clock of this host by 90 seconds."""
    right, shift = timezone.now, timedelta(seconds=request.param)
    monkeypatch.setattr(timezone, "now", lambda: right() + shift)


def create_run():
    return TrainingRun.objects.create(options=asdict(Options()))


def age(run, seconds):
    """Make the last heartbeat of the run older."""
    TrainingRun.objects.filter(pk=run.pk).update(
        heartbeat_at=F("heartbeat_at") - timedelta(seconds=seconds)
    )


def progress(client, run):
    return client.get(f"/admin/recognizer/trainingrun/{run.pk}/progress/").json()["message"]


def test_running_run_is_not_stale(run, wrong_clock, reviewer_client):
    age(run, 50)
    assert not run.is_stale
    assert list(TrainingRun.objects.unfinished()) == [run]
    assert "No heartbeat" not in progress(reviewer_client, run)
    with pytest.raises(RetrainError), run_lifecycle.track_run(create_run()):
        pass
    run.refresh_from_db()
    assert run.state == RunState.RUNNING


def test_run_without_heartbeats_is_stale(run, wrong_clock, reviewer_client):
    age(run, 70)
    assert run.is_stale
    assert not TrainingRun.objects.unfinished().exists()
    assert "No heartbeat for 70 s" in progress(reviewer_client, run)
    other = create_run()
    with run_lifecycle.track_run(other):
        pass
    run.refresh_from_db()
    assert run.state == RunState.FAILED
    assert run.finished == run.heartbeat_at


def test_heartbeat_of_a_host_with_a_wrong_clock_is_current(wrong_clock, monkeypatch):
    run = create_run()
    run.begin()
    age(run, 70)
    run.heartbeat()
    run.end(RunState.DONE, "Live.")
    monkeypatch.undo()
    assert timedelta(0) <= run.heartbeat_age < timedelta(seconds=20)
    run.refresh_from_db()
    assert run.started <= run.heartbeat_at <= run.finished


def test_run_that_crashed_before_the_clock_was_set_back_is_stale(run, reviewer_client):
    age(run, -24 * 60 * 60)
    assert not TrainingRun.objects.unfinished().exists()
    assert progress(reviewer_client, run).startswith("No heartbeat: the process has probably")
    with run_lifecycle.track_run(create_run()):
        pass
    run.refresh_from_db()
    assert run.state == RunState.FAILED


def test_cancels_a_run_that_crashed_before_the_clock_was_set_back(run):
    age(run, -24 * 60 * 60)
    assert run.cancel(by="ada")
    run.refresh_from_db()
    assert run.state == RunState.CANCELLED
