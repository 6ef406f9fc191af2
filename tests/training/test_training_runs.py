"""Each training run is stored with its requester and result. Only one can run at a time."""

import re
import time
from dataclasses import asdict
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.utils import timezone

from ml.training.results import Progress
from recognizer.models import Label, ModelVersion, RunCancelledError, RunState, TrainingRun
from recognizer.serving import model_registry
from recognizer.training import run_lifecycle, run_queue
from recognizer.training.retraining import Options, RetrainError, retrain
from tests.support.factories import drawing_png

pytestmark = [pytest.mark.database, pytest.mark.usefixtures("fast_training")]


@pytest.fixture
def approved(visitor, reviewer):
    """Approve two corrections."""
    for digit in (4, 8):
        row = visitor.submit_and_get(drawing_png(digit, seed=9), digit=digit)
        row.approve(reviewer, Label(digit))


def requested(**options):
    """Create a waiting run, as the admin does."""
    return TrainingRun.objects.create(requested_by="rosa", options=asdict(Options(**options)))


def running(heartbeat_at=None):
    """Create a run that a process on another host is working on."""
    return TrainingRun.objects.create(
        options=asdict(Options()),
        state=RunState.RUNNING,
        heartbeat_at=heartbeat_at or timezone.now(),
    )


def stale():
    """Create a running run whose last heartbeat is too old."""
    return running(heartbeat_at=timezone.now() - timedelta(seconds=61))


def execute(run, on_progress=lambda progress: None):
    """Execute a waiting run, and return its outcome."""
    return retrain(
        Options(**run.options), on_progress=on_progress, on_message=lambda message: None, run=run
    )


def fresh(run):
    return TrainingRun.objects.get(pk=run.pk)


def test_command_stores_a_finished_run(approved):
    call_command("retrain", "--epochs=1", "--seed=3")
    run = TrainingRun.objects.get()
    assert (run.requested_by, run.state) == ("manage.py retrain", RunState.DONE)
    assert (run.options["epochs"], run.options["seed"]) == (1, 3)
    assert run.version == model_registry.live_version()
    assert run.version.number == 2
    assert run.reason == f"Live. {run.version.reason}"
    # The other times are those of the database's clock, which can differ from this host's.
    assert run.created
    assert run.started <= run.heartbeat_at <= run.finished
    assert "Training on MNIST and 2 drawings" in run.log
    assert "Comparing the candidate with version 1" in run.log
    scores = {result["name"]: result["after"] for result in run.evaluation}
    assert scores["mnist_test"] == run.version.score("mnist_test")


def test_queue_executes_a_requested_run(approved):
    run = requested(epochs=1)
    run_queue.execute(run_queue.next_run())
    run = fresh(run)
    assert (run.requested_by, run.state, run.version.number) == ("rosa", RunState.DONE, 2)


def test_run_of_a_worker_that_died_before_it_began_is_executed_by_the_next_one(approved):
    """A worker takes a run out of the queue only by marking it as running."""
    requested(epochs=1)
    assert run_queue.next_run() is not None  # by a worker that is killed now
    run = run_queue.next_run()
    run_queue.execute(run)
    assert fresh(run).state == RunState.DONE
    assert run_queue.next_run() is None


def test_two_workers_that_take_the_same_run_execute_it_once(approved):
    run = requested(epochs=1)
    other = run_queue.next_run()
    run.begin()
    run_queue.execute(other)
    assert fresh(run).state == RunState.RUNNING
    assert not ModelVersion.objects.filter(number=2).exists()


def test_worker_does_not_take_the_run_of_the_command(approved, monkeypatch):
    """The worker looks for a run immediately before and after the command begins."""
    begin, found = TrainingRun.begin, []

    def look_and_begin(run):
        found.append(run_queue.next_run())
        begin(run)
        found.append(run_queue.next_run())

    monkeypatch.setattr(TrainingRun, "begin", look_and_begin)
    call_command("retrain", "--epochs=1")
    assert found == [None, None]
    run = TrainingRun.objects.get()
    assert (run.requested_by, run.state) == ("manage.py retrain", RunState.DONE)


def test_run_stays_in_the_queue_if_a_command_begins_first(approved):
    requested(epochs=1)
    run = run_queue.next_run()
    active = running()
    run_queue.execute(run)
    assert (fresh(run).state, fresh(run).reason) == (RunState.WAITING, "")
    assert run_queue.next_run() is None
    active.end(RunState.DONE, "Done.")
    run_queue.execute(run_queue.next_run())
    assert fresh(run).state == RunState.DONE


def test_command_that_cannot_begin_stores_no_run(approved):
    other = running()
    with pytest.raises(CommandError, match="Another training run is running"):
        call_command("retrain", "--epochs=1")
    assert TrainingRun.objects.get() == other


def test_command_does_not_wait_for_a_database_that_is_lost_at_its_start(approved, monkeypatch):
    """There is no run yet in which the failure could be stored."""
    begin = TrainingRun.begin

    def refuse(execute, sql, params, many, context):
        raise OperationalError("no connection")

    def begin_without_database(run):
        with connection.execute_wrapper(refuse):
            begin(run)

    monkeypatch.setattr(TrainingRun, "begin", begin_without_database)
    monkeypatch.setattr(TrainingRun, "end", lambda *_, **__: pytest.fail("stores a run"))
    with pytest.raises(CommandError, match=r"no connection\. No version was stored"):
        call_command("retrain")
    assert not TrainingRun.objects.exists()


def test_queue_waits_for_a_running_run(db):
    active, run = running(), requested()
    assert run_queue.next_run() is None
    active.end(RunState.DONE, "Done.")
    assert run_queue.next_run() == run


def test_run_with_options_of_another_release_fails(db):
    run = TrainingRun.objects.create(options={"colour": "red"})
    run_queue.execute(run)
    assert (fresh(run).state, run_queue.next_run()) == (RunState.FAILED, None)


def test_progress_is_stored_at_most_once_a_second(db):
    run, reported = requested(), []
    run.begin()
    on_progress = run_lifecycle.persist_progress(run, reported.append)
    stored, started = set(), time.monotonic()
    while time.monotonic() - started < 2.5:
        on_progress(Progress(1, 2, share=len(reported) / 1e6, loss=0.5, seconds_left=9.0))
        stored.add(fresh(run).progress["share"])
    assert len(reported) > 20
    assert 1 < len(stored) <= 3
    assert fresh(run).progress.keys() == asdict(reported[0]).keys()


def test_progress_of_the_training_is_stored(approved):
    run = requested(epochs=1)
    execute(run)
    assert 0 < fresh(run).progress["share"] <= 1


def test_stores_null_for_a_loss_that_is_not_a_number(db):
    run = requested()
    run.begin()
    run_lifecycle.persist_progress(run, lambda progress: None)(
        Progress(1, 2, 0.5, float("nan"), 9.0)
    )
    assert fresh(run).progress["loss"] is None


def test_run_without_a_new_version_is_done(approved):
    call_command("retrain", "--dry-run", "--epochs=1")
    dry = TrainingRun.objects.first()
    assert (dry.state, dry.version) == (RunState.DONE, None)
    assert dry.reason.startswith("Would be live. ")
    assert dry.evaluation
    call_command("retrain", "--if-new=3")
    unneeded = TrainingRun.objects.first()
    assert unneeded.state == RunState.DONE
    assert unneeded.reason == "Nothing new. New drawings: 2; required: 3."


def test_worse_candidate_ends_as_rejected(approved):
    with pytest.raises(SystemExit):
        call_command("retrain", "--from-scratch", "--epochs=1")
    run = TrainingRun.objects.get()
    assert (run.state, run.version.number) == (RunState.REJECTED, 2)
    assert run.reason == f"Rejected. {run.version.reason}"


def test_error_ends_as_failed(approved, settings, tmp_path):
    settings.MNIST_PATH = tmp_path / "nowhere.npz"
    with pytest.raises(CommandError):
        call_command("retrain")
    run = TrainingRun.objects.get()
    assert run.state == RunState.FAILED
    assert run.reason.startswith("There is no MNIST at ")


def stop_during_training(run, stop):
    """Retrain until progress is reported, then call `stop`."""

    def on_progress(progress):
        if progress.share < 0.5:
            stop()

    execute(run, on_progress)


def test_cancel_during_training_stores_no_version(approved, monkeypatch):
    monkeypatch.setattr(run_lifecycle, "PROGRESS_SECONDS", 0)
    run = requested(epochs=1)
    with pytest.raises(RunCancelledError, match="Cancelled by carl"):
        stop_during_training(run, lambda: fresh(run).cancel(by="carl"))
    assert (fresh(run).state, fresh(run).reason) == (RunState.CANCELLED, "Cancelled by carl.")
    assert ModelVersion.objects.get() == model_registry.live_version()
    # Another run can start at once.
    assert execute(requested(epochs=1)).decision == "live"


def test_cancel_during_promotion_rolls_it_back(approved, monkeypatch):
    run = requested(epochs=1)
    promote = model_registry.promote

    def promote_and_cancel(*args, **kwargs):
        promote(*args, **kwargs)
        fresh(run).cancel(by="carl")

    monkeypatch.setattr(model_registry, "promote", promote_and_cancel)
    with pytest.raises(RunCancelledError):
        execute(run)
    assert model_registry.live_version().number == 1
    assert ModelVersion.objects.count() == 1


def test_cancelled_waiting_run_never_starts(approved):
    run = requested()
    run.cancel(by="carl")
    assert fresh(run).state == RunState.CANCELLED
    assert run_queue.next_run() is None
    run_queue.execute(run)  # a worker may have read the row before
    assert (fresh(run).state, fresh(run).started) == (RunState.CANCELLED, None)
    assert ModelVersion.objects.count() <= 1


def test_cancelling_a_finished_run_changes_nothing(approved):
    call_command("retrain", "--epochs=1")
    run = TrainingRun.objects.get()
    run.cancel(by="carl")
    assert (fresh(run).state, fresh(run).cancelled_by) == (RunState.DONE, "")


def test_command_reports_the_cancellation(approved, monkeypatch):
    monkeypatch.setattr(run_lifecycle, "PROGRESS_SECONDS", 0)
    begin = TrainingRun.begin

    def begin_and_cancel(run):
        begin(run)
        fresh(run).cancel(by="carl")

    monkeypatch.setattr(TrainingRun, "begin", begin_and_cancel)
    with pytest.raises(CommandError, match=r"Cancelled by carl. No version was stored") as error:
        call_command("retrain", "--epochs=1")
    assert error.value.returncode == 130


def test_interrupt_ends_as_cancelled(approved):
    run = requested(epochs=1)

    def interrupt():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop_during_training(run, interrupt)
    assert fresh(run).state == RunState.CANCELLED
    assert fresh(run).reason == "Interrupted: the process received a signal to stop."


def test_refuses_a_second_run(approved):
    other = running()
    with pytest.raises(RetrainError) as error:
        execute(requested(epochs=1))
    assert re.fullmatch(
        f"Another training run is running: training run {other.pk}, requested by manage.py "
        r"retrain. Its last heartbeat was \d s ago. Wait until it ends, or cancel it in the admin. "
        "If its process has crashed, another run can start 60 s after the last heartbeat.",
        str(error.value),
    )
    assert fresh(other).state == RunState.RUNNING
    assert TrainingRun.objects.first().state == RunState.WAITING
    assert ModelVersion.objects.count() <= 1


def test_crashed_run_is_marked_after_a_minute(approved):
    crashed = stale()
    assert execute(requested(epochs=1)).decision == "live"
    assert fresh(crashed).state == RunState.FAILED
    assert fresh(crashed).reason.startswith("The process ended")
    assert fresh(crashed).finished == crashed.heartbeat_at


def test_run_marked_as_crashed_stores_no_version_when_it_resumes(approved):
    """A machine can be suspended during a run, and wake up after the run was marked as crashed."""
    run = requested(epochs=1)

    def suspend():
        TrainingRun.objects.filter(pk=run.pk).update(
            heartbeat_at=timezone.now() - timedelta(hours=1)
        )
        run_lifecycle._mark_as_crashed(TrainingRun.objects.stale())

    with pytest.raises(RunCancelledError, match="This run has already ended: The process ended"):
        stop_during_training(run, suspend)
    assert fresh(run).state == RunState.FAILED
    assert ModelVersion.objects.count() == 1


def test_cancels_a_stale_run_at_once(db):
    crashed = stale()
    crashed.cancel(by="carl")
    assert fresh(crashed).state == RunState.CANCELLED


@pytest.mark.django_db(transaction=True)
def test_sends_heartbeats_without_progress(approved, monkeypatch):
    monkeypatch.setattr(run_lifecycle, "HEARTBEAT_SECONDS", 0.1)
    run = requested()
    run.begin()
    with run_lifecycle._heartbeats(run):
        before = fresh(run).heartbeat_at
        time.sleep(1)
        assert fresh(run).heartbeat_at > before
    time.sleep(0.5)
    after = fresh(run).heartbeat_at
    time.sleep(0.5)
    assert fresh(run).heartbeat_at == after
