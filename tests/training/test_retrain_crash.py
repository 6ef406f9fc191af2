"""`kill -9` at any moment of retraining leaves exactly one live version with valid files.

`make test-kills` kills retraining with the real trainer 100 times. Without the environment variable
`KILLS`, the test kills retraining with the fast trainer twice.
"""

import hashlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing

import pytest

from tests.support.factories import ROOT
from tests.support.live_site import Site

KILLS = int(os.environ.get("KILLS", "0"))
FAST_TRAINER = {"DJANGO_SETTINGS_MODULE": "tests.support.fast_trainer_settings"}
TEN_LABELS = """
import uuid
import numpy as np
from tests.support.factories import approved_submissions
ink = np.random.default_rng(0).integers(0, 256, (10, 28, 28), np.uint8)
approved_submissions(uuid.uuid4(), ink, np.arange(10))
"""

pytestmark = pytest.mark.slow


class CrashingSite(Site):
    """A site on which `manage.py retrain` is killed."""

    def query(self, statement):
        """Execute a statement on the SQLite file, and return its rows."""
        with closing(sqlite3.connect(self.folder / "digitsite.sqlite3", timeout=20)) as connection:
            rows = connection.execute(statement).fetchall()
            connection.commit()
        return rows

    def live(self):
        """Return the number of the only live version, and check the hash of its model."""
        ((number, sha256, model),) = self.query(
            "SELECT number, sha256, model FROM recognizer_modelversion version "
            "JOIN recognizer_modelfiles files ON files.version_id = version.id "
            "WHERE state = 'live'"
        )
        assert hashlib.sha256(model).hexdigest() == sha256
        return number

    def let_a_minute_pass(self):
        """Make the heartbeat of a killed run so old that the next run marks the run as crashed."""
        self.query(
            "UPDATE recognizer_trainingrun "
            "SET heartbeat_at = datetime(heartbeat_at, '-61 seconds') WHERE state = 'running'"
        )

    def start_retraining(self):
        """Start `manage.py retrain`, and return the process."""
        # The labels change each time. Otherwise, the command could skip the training, because the
        # live version was already trained on the same drawings.
        self.query("UPDATE recognizer_submission SET label = (label + 1) % 10")
        command = [sys.executable, "manage.py", "retrain", "--epochs=1"]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        return subprocess.Popen(command, cwd=ROOT, env=self.environment, **quiet)


@pytest.fixture
def site(tmp_path, small_mnist_file):
    path, digest = small_mnist_file
    trainer = {} if KILLS else FAST_TRAINER
    site = CrashingSite(tmp_path, MNIST_PATH=str(path), MNIST_SHA256=digest, **trainer)
    site.folder = tmp_path
    for command in (["migrate"], ["shell", "-c", TEN_LABELS]):
        done = site.manage(*command)
        assert done.returncode == 0, done.stderr
    return site


def test_killed_retraining_leaves_one_valid_live_version(site):
    started = time.monotonic()
    assert site.start_retraining().wait() in (0, 3)
    duration = time.monotonic() - started
    rng, kills = random.Random(KILLS), 0
    while kills < (KILLS or 2):
        before = site.live()
        started = time.monotonic()
        process = site.start_retraining()
        # Every second kill comes near the end, where the candidate is stored and promoted.
        moment = rng.uniform(0.8 * (kills % 2), 1.1) * duration
        try:
            assert process.wait(moment) in (0, 3)
            # The process ended before the kill, so the next kill must come earlier.
            duration = time.monotonic() - started
        except subprocess.TimeoutExpired:
            process.kill()
            status = process.wait()
            # The process may have ended just before the kill.
            assert status in (-signal.SIGKILL, 0, 3)
            kills += status == -signal.SIGKILL
            newest = site.query("SELECT max(number) FROM recognizer_modelversion")[0][0]
            assert site.live() in (before, newest)
            site.let_a_minute_pass()
    assert site.start_retraining().wait() in (0, 3)
    assert site.manage("models", "verify").returncode == 0
