"""`kill -9` at any moment of a retraining: the old version is live or the new one, and it is sound.

`KILLS=100` tries as many moments (`make test-kills`).
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
from kit import ROOT
from site_under_test import Site

KILLS = int(os.environ.get("KILLS", "2"))
TEN_LABELS = """
import uuid
import numpy as np
from kit import approved
ink = np.random.default_rng(0).integers(0, 256, (10, 28, 28), np.uint8)
approved(uuid.uuid4(), ink, np.arange(10))
"""


class Killed(Site):
    """A site whose retrainings are killed."""

    def database(self, statement):
        with closing(sqlite3.connect(self.folder / "digitsite.sqlite3", timeout=20)) as connection:
            rows = connection.execute(statement).fetchall()
            connection.commit()
        return rows

    def live(self):
        """The number of the one version that is live, whose bytes are the stored ones."""
        ((number, sha256, model),) = self.database(
            "SELECT number, sha256, model FROM recognizer_modelversion version "
            "JOIN recognizer_modelfiles files ON files.version_id = version.id "
            "WHERE state = 'live'"
        )
        assert hashlib.sha256(model).hexdigest() == sha256
        return number

    def start_retraining(self):
        # Another label, so that there is something to learn each time.
        self.database("UPDATE recognizer_submission SET label = (label + 1) % 10")
        command = [sys.executable, "manage.py", "retrain", "--epochs=1"]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        return subprocess.Popen(command, cwd=ROOT, env=self.environment, **quiet)


@pytest.fixture
def site(tmp_path, small_mnist_file):
    path, digest = small_mnist_file
    site = Killed(tmp_path, MNIST_PATH=str(path), MNIST_SHA256=digest)
    site.folder = tmp_path
    for command in (["migrate"], ["shell", "-c", TEN_LABELS]):
        done = site.manage(*command, PYTHONPATH=str(ROOT / "tests"))
        assert done.returncode == 0, done.stderr
    return site


def test_the_live_version_survives(site):
    started = time.monotonic()
    assert site.start_retraining().wait() in (0, 3)
    usual = time.monotonic() - started
    chance, kills = random.Random(KILLS), 0
    while kills < KILLS:
        before = site.live()
        started = time.monotonic()
        process = site.start_retraining()
        # Every other one is killed where it stores and puts live: near the end.
        moment = chance.uniform(0.8 * (kills % 2), 1.1) * usual
        try:
            assert process.wait(moment) in (0, 3)
            # Too fast to be killed: the machine may have less to do than before, so aim anew.
            usual = time.monotonic() - started
        except subprocess.TimeoutExpired:
            process.kill()
            status = process.wait()
            assert status in (-signal.SIGKILL, 0, 3)  # it may have ended meanwhile
            kills += status == -signal.SIGKILL
            newest = site.database("SELECT max(number) FROM recognizer_modelversion")[0][0]
            assert site.live() in (before, newest)
    assert site.start_retraining().wait() in (0, 3)
    assert site.manage("models", "verify").returncode == 0
