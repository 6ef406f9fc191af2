"""A training run survives when its database connections are cut or the database is locked."""

import logging
import sqlite3
import threading
import time
import uuid
from contextlib import closing
from dataclasses import asdict

import numpy as np
import psycopg
import pytest
from django.db import OperationalError, connection, transaction

from recognizer.models import RunCancelledError, RunState, TrainingRun
from recognizer.serving import model_registry
from recognizer.training import run_lifecycle
from recognizer.training.retraining import Options, retrain
from tests.support.factories import approved_submissions

pytestmark = [
    pytest.mark.database,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("fast_training"),
]

on_postgresql = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="cuts connections to PostgreSQL"
)
on_sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="locks a SQLite file")


@pytest.fixture
def run(transactional_db, monkeypatch):
    """Return a waiting run with ten drawings to train on."""
    monkeypatch.setattr(run_lifecycle, "HEARTBEAT_SECONDS", 0.1)
    monkeypatch.setattr(run_lifecycle, "PROGRESS_SECONDS", 0)
    ink = np.random.default_rng(0).integers(0, 256, (10, 28, 28), np.uint8)
    approved_submissions(uuid.uuid4(), ink, np.arange(10))
    yield TrainingRun.objects.create(options=asdict(Options(epochs=10)))
    forget_cut_connections()


def forget_cut_connections():
    """Let this process open new connections only."""
    connection.close()
    if connection.vendor == "postgresql":
        connection.close_pool()


def execute(run, on_progress=lambda progress: None, on_message=lambda message: None):
    return retrain(Options(**run.options), on_progress=on_progress, on_message=on_message, run=run)


def cut_connections():
    """Terminate all connections to the test database, as a restart of PostgreSQL does."""
    values = connection.settings_dict
    with psycopg.connect(
        host=values["HOST"], port=values["PORT"], user=values["USER"],
        password=values["PASSWORD"], dbname="postgres", autocommit=True,
    ) as server:  # fmt: skip
        server.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
            [values["NAME"]],
        )


def assert_went_live(run):
    forget_cut_connections()
    run.refresh_from_db()
    assert (run.state, run.reason[:6]) == (RunState.DONE, "Live. ")
    assert model_registry.live_version() == run.version
    assert run.log.splitlines()[-1].endswith(
        "Comparing the candidate with version 1 and with the best earlier version ..."
    )
    assert "Training on MNIST and 10 drawings" in run.log


def when(share, action):
    """Return an `on_progress` that calls `action` once, after this share of the training."""
    called = []

    def on_progress(progress):
        if progress.share >= share and not called:
            called.append(True)
            action()

    return on_progress


@on_postgresql
def test_run_survives_a_cut_during_the_training(run):
    execute(run, when(0.5, cut_connections))
    assert_went_live(run)


@on_postgresql
def test_run_survives_several_cuts_in_a_row(run):
    def on_progress(progress):
        if round(progress.share * 200) % 25 == 0:
            cut_connections()

    execute(run, on_progress)
    assert_went_live(run)


@on_postgresql
@pytest.mark.parametrize("message", ["Training on MNIST", "Comparing"])
def test_run_survives_a_cut_between_two_steps(run, message):
    """The message is written on the connection that was cut, and must not be lost."""
    execute(run, on_message=lambda text: message in text and cut_connections())
    assert_went_live(run)


@on_postgresql
@pytest.mark.parametrize("function", ["live_version", "lock_versions", "promote"])
def test_run_survives_a_cut_in_a_transaction(run, monkeypatch, function):
    original, called = getattr(model_registry, function), []

    def cut_and_call(*args, **kwargs):
        if not called:
            called.append(True)
            cut_connections()
        return original(*args, **kwargs)

    monkeypatch.setattr(model_registry, function, cut_and_call)
    execute(run)
    assert_went_live(run)


@on_postgresql
def test_heartbeats_continue_after_a_cut(run, monkeypatch):
    monkeypatch.setattr(run_lifecycle, "RETRY_SECONDS", 0.1)
    run.begin()
    with run_lifecycle._heartbeats(run):
        time.sleep(0.5)
        cut_connections()
        time.sleep(2)
        forget_cut_connections()
        assert run.heartbeat_age.total_seconds() < 1


@on_postgresql
def test_run_can_be_cancelled_after_a_cut(run):
    def cancel_and_cut():
        TrainingRun.objects.get(pk=run.pk).cancel(by="carl")
        cut_connections()

    with pytest.raises(RunCancelledError, match="Cancelled by carl"):
        execute(run, when(0.1, cancel_and_cut))
    forget_cut_connections()
    run.refresh_from_db()
    assert run.state == RunState.CANCELLED
    assert "Training on MNIST" in run.log


def test_result_is_stored_once_if_the_commit_is_not_acknowledged(run, monkeypatch):
    promote = model_registry.promote

    def fail():
        raise OperationalError("the connection was cut after the commit")

    def promote_and_fail(*args, **kwargs):
        promote(*args, **kwargs)
        transaction.on_commit(fail)

    monkeypatch.setattr(model_registry, "promote", promote_and_fail)
    outcome = execute(run)
    assert (outcome.decision, outcome.version) == ("live", 2)
    assert_went_live(run)


@on_sqlite
def test_run_survives_a_locked_database(run, caplog):
    connection.close()
    connection.settings_dict["OPTIONS"]["timeout"] = 0.1
    unlocked = threading.Event()

    def lock():
        with closing(sqlite3.connect(connection.settings_dict["NAME"])) as other:
            other.execute("BEGIN IMMEDIATE")
            locked.set()
            unlocked.wait(1)

    locked = threading.Event()
    thread = threading.Thread(target=lock)

    def start_lock():
        thread.start()
        locked.wait()

    try:
        with caplog.at_level(logging.WARNING):
            execute(run, when(0.5, start_lock))
    finally:
        unlocked.set()
        thread.join()
        connection.close()
        connection.settings_dict["OPTIONS"]["timeout"] = 20
    assert "database is locked" in caplog.text
    assert_went_live(run)
