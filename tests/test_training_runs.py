"""Every retraining is a training run, which says who asked and what came of it; one at a time."""

import time
from dataclasses import asdict
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from filelock import FileLock
from kit import drawing

from ml.training import Progress
from recognizer import registry, runs
from recognizer.models import Answer, CancelledError, ModelVersion, RunState, TrainingRun
from recognizer.retraining import Options, RetrainError, retrain
from recognizer.tasks import retrain_in_background

pytestmark = pytest.mark.usefixtures("small_mnist")


@pytest.fixture
def approved(visitor, reviewer):
    """Two corrections, approved."""
    for digit in (4, 8):
        row = visitor.submitted(drawing(digit, seed=9), digit=digit)
        row.approve(reviewer, Answer(digit))


def asked(**options):
    return TrainingRun.objects.create(asked_by="rosa", options=asdict(Options(**options)))


def running(seen=None):
    """A run that another process works on, on another host."""
    return TrainingRun.objects.create(
        options=asdict(Options()), state=RunState.RUNNING, seen=seen or timezone.now()
    )


def silent():
    return running(seen=timezone.now() - timedelta(seconds=61))


def do(run, report=lambda progress: None, say=lambda sentence: None):
    return retrain(Options(**run.options), report=report, say=say, run=run)


def fresh(run):
    return TrainingRun.objects.get(pk=run.pk)


def test_the_command_leaves_one(approved):
    call_command("retrain", "--epochs=1", "--seed=3")
    run = TrainingRun.objects.get()
    assert (run.asked_by, run.state) == ("manage.py retrain", RunState.DONE)
    assert (run.options["epochs"], run.options["seed"]) == (1, 3)
    assert run.version == registry.live_version()
    assert run.version.number == 2
    assert run.reason == f"Live. {run.version.reason}"
    assert run.created <= run.started <= run.seen <= run.finished
    assert "Training on MNIST and 2 corrections" in run.log
    assert "Judging against version 1 ..." in run.log
    assert run.scores["mnist_test"][1] == run.version.score("mnist_test")


def test_the_task_is_the_same_for_an_asked_one(approved):
    run = asked(epochs=1)
    retrain_in_background.call(run.pk)
    run = fresh(run)
    assert (run.asked_by, run.state, run.version.number) == ("rosa", RunState.DONE, 2)


def test_progress_is_written_at_most_once_a_second(db):
    run, told = asked(), []
    run.begin()
    report = runs.reporting(run, told.append)
    written, started = set(), time.monotonic()
    while time.monotonic() - started < 2.5:
        report(Progress(1, 2, share=len(told) / 1e6, loss=0.5, seconds_left=9.0))
        written.add(fresh(run).progress["share"])
    assert len(told) > 20
    assert 1 < len(written) <= 3
    assert fresh(run).progress.keys() == asdict(told[0]).keys()


def test_training_reports_its_progress(approved):
    run = asked(epochs=1)
    do(run)
    assert 0 < fresh(run).progress["share"] <= 1


def test_a_loss_that_is_no_number_any_more_can_be_written(db):
    run = asked()
    run.begin()
    runs.reporting(run, lambda progress: None)(Progress(1, 2, 0.5, float("nan"), 9.0))
    assert fresh(run).progress["loss"] is None


def test_what_ends_without_a_version(approved):
    call_command("retrain", "--dry-run", "--epochs=1")
    dry = TrainingRun.objects.first()
    assert (dry.state, dry.version) == (RunState.DONE, None)
    assert dry.reason.startswith("Would be live. ")
    assert dry.scores["mnist_test"]
    call_command("retrain", "--if-new=3")
    unneeded = TrainingRun.objects.first()
    assert unneeded.state == RunState.DONE
    assert unneeded.reason == "Nothing new. New corrections to learn: 2; wanted: 3."


def test_a_refused_one(approved):
    with pytest.raises(SystemExit):
        call_command("retrain", "--from-scratch", "--epochs=1")
    run = TrainingRun.objects.get()
    assert (run.state, run.version.number) == (RunState.REFUSED, 2)
    assert run.reason == f"Refused. {run.version.reason}"


def test_a_failed_one(approved, settings, tmp_path):
    settings.MNIST_PATH = tmp_path / "nowhere.npz"
    with pytest.raises(CommandError):
        call_command("retrain")
    run = TrainingRun.objects.get()
    assert run.state == RunState.FAILED
    assert run.reason.startswith("There is no MNIST at ")


def stop_while_training(run, stop):
    """Retrain until progress is reported, then `stop()`."""

    def report(progress):
        if progress.share < 0.5:
            stop()

    do(run, report)


def test_cancelled_while_it_trains(approved, monkeypatch):
    monkeypatch.setattr(runs, "REPORT_SECONDS", 0)
    run = asked(epochs=1)
    with pytest.raises(CancelledError, match="Cancelled by carl"):
        stop_while_training(run, lambda: fresh(run).cancel(by="carl"))
    assert (fresh(run).state, fresh(run).reason) == (RunState.CANCELLED, "Cancelled by carl.")
    assert ModelVersion.objects.get() == registry.live_version()
    # The lock is free again.
    assert do(asked(epochs=1)).decision == "live"


def test_cancelled_at_the_last_moment(approved, monkeypatch):
    run = asked(epochs=1)
    store = registry.promote

    def promote_and_cancel(*arguments, **more):
        store(*arguments, **more)
        fresh(run).cancel(by="carl")

    monkeypatch.setattr(registry, "promote", promote_and_cancel)
    with pytest.raises(CancelledError):
        do(run)
    assert registry.live_version().number == 1
    assert ModelVersion.objects.count() == 1


def test_cancelled_before_it_begins(approved):
    run = asked()
    run.cancel(by="carl")
    assert fresh(run).state == RunState.CANCELLED
    retrain_in_background.call(run.pk)  # it is still in the queue
    assert (fresh(run).state, fresh(run).started) == (RunState.CANCELLED, None)
    assert ModelVersion.objects.count() <= 1


def test_cancelled_when_it_is_over_changes_nothing(approved):
    call_command("retrain", "--epochs=1")
    run = TrainingRun.objects.get()
    run.cancel(by="carl")
    assert (fresh(run).state, fresh(run).cancelled_by) == (RunState.DONE, "")


def test_the_command_says_that_it_was_cancelled(approved, monkeypatch):
    monkeypatch.setattr(runs, "REPORT_SECONDS", 0)
    begin = TrainingRun.begin

    def begin_and_cancel(run):
        begin(run)
        fresh(run).cancel(by="carl")

    monkeypatch.setattr(TrainingRun, "begin", begin_and_cancel)
    with pytest.raises(CommandError, match=r"Cancelled by carl. Nothing was stored") as error:
        call_command("retrain", "--epochs=1")
    assert error.value.returncode == 130


def test_interrupted(approved):
    run = asked(epochs=1)

    def interrupt():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop_while_training(run, interrupt)
    assert fresh(run).state == RunState.CANCELLED
    assert fresh(run).reason == "Interrupted: its process was told to stop."


def test_another_one_on_this_host(approved, settings):
    with (
        FileLock(settings.DATA_DIR / "retrain.lock"),
        pytest.raises(RetrainError, match="Another retraining is running"),
    ):
        do(asked())
    assert TrainingRun.objects.get().state == RunState.FAILED


def test_another_one_on_another_host(approved):
    other = running()
    with pytest.raises(RetrainError, match="Another retraining is running"):
        do(asked(epochs=1))
    assert fresh(other).state == RunState.RUNNING
    assert ModelVersion.objects.count() <= 1


def test_one_that_died_on_another_host_is_marked_after_a_minute(approved):
    dead = silent()
    assert do(asked(epochs=1)).decision == "live"
    assert fresh(dead).state == RunState.FAILED
    assert fresh(dead).reason.startswith("The process ended")
    assert fresh(dead).finished == dead.seen


def test_one_that_died_on_this_host_is_marked_at_once(approved, settings):
    dead = running()
    (settings.DATA_DIR / "retrain.run").write_text(str(dead.pk))
    assert do(asked(epochs=1)).decision == "live"
    assert fresh(dead).state == RunState.FAILED


def test_one_that_was_given_up_stores_nothing_when_it_wakes_up(approved):
    """Its machine slept for longer than a minute, and another host took over."""
    run = asked(epochs=1)

    def sleep():
        TrainingRun.objects.filter(pk=run.pk).update(seen=timezone.now() - timedelta(hours=1))
        runs._bury(TrainingRun.objects.silent())

    with pytest.raises(CancelledError, match="This run was given up: The process ended"):
        stop_while_training(run, sleep)
    assert fresh(run).state == RunState.FAILED
    assert ModelVersion.objects.count() == 1


def test_a_silent_one_can_be_cancelled_though_nobody_hears_it(db):
    dead = silent()
    dead.cancel(by="carl")
    assert fresh(dead).state == RunState.CANCELLED


@pytest.mark.django_db(transaction=True)
def test_it_gives_signs_of_life_while_it_says_nothing(approved, monkeypatch):
    monkeypatch.setattr(runs, "BEAT_SECONDS", 0.1)
    run = asked()
    run.begin()
    with runs._beating(run):
        before = fresh(run).seen
        time.sleep(1)
        assert fresh(run).seen > before
    time.sleep(0.5)
    after = fresh(run).seen
    time.sleep(0.5)
    assert fresh(run).seen == after
