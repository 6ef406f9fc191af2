"""`manage.py retrain` where it cannot: a clear message, status not 0, the old version live."""

import os
import signal
import subprocess
import sys
import uuid

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from filelock import FileLock
from handwriting import draw, strokes_of
from kit import ROOT, approved, new_version

from ml.normalize import normalize
from recognizer import registry
from recognizer.models import Answer, ModelFiles, ModelVersion
from recognizer.retraining import Options, RetrainError, retrain


@pytest.fixture
def label(visitor, reviewer):
    """Something to learn."""
    visitor.submitted(digit=1).approve(reviewer, Answer.ONE)


def refused(match, *options):
    with pytest.raises(CommandError, match=match) as error:
        call_command("retrain", "--epochs=1", *options)
    assert error.value.returncode != 0
    assert registry.live_version().number == 1
    assert ModelVersion.objects.count() == 1


def test_mostly_wrong_labels(db, small_mnist):
    """A careless reviewer approved them: nothing is learned, and the sentence says why."""
    rng = np.random.default_rng(0)
    sevens = np.stack([normalize(draw(strokes_of(7, rng))) for _ in range(80)])
    approved(uuid.uuid4(), sevens, np.ones(80, int))
    refused(r"\d\d of \d\d labels say what version 1 rules out\. Nothing is learned until")


def test_no_mnist(label, settings, tmp_path):
    settings.MNIST_PATH = tmp_path / "nowhere.npz"
    refused("There is no MNIST at .*nowhere.npz")


def test_damaged_mnist(label, settings, small_mnist_file, tmp_path):
    path, digest = small_mnist_file
    settings.MNIST_PATH, settings.MNIST_SHA256 = tmp_path / "cut.npz", digest
    settings.MNIST_PATH.write_bytes(path.read_bytes()[:-1000])
    refused("is damaged")


def test_something_else_in_mnists_place(label, settings, small_mnist_file):
    settings.MNIST_PATH = small_mnist_file[0]
    refused("does not hold MNIST")


def test_an_npz_of_something_else(label, settings, tmp_path):
    settings.MNIST_PATH = tmp_path / "other.npz"
    np.savez(settings.MNIST_PATH, a=np.zeros(3))
    refused("is damaged")


def test_a_second_one_at_the_same_time(label, small_mnist, settings):
    with FileLock(settings.DATA_DIR / "retrain.lock"):
        refused("Another retraining is running")


@pytest.mark.django_db(transaction=True)
def test_a_full_disk(label, small_mnist):
    with connection.cursor() as cursor:
        pages = cursor.execute("PRAGMA page_count").fetchone()[0]
        cursor.execute(f"PRAGMA max_page_count = {pages + 20}")
    try:
        refused("database or disk is full.*Nothing was stored")
    finally:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA max_page_count = 1073741823")


def test_a_damaged_live_version(label, small_mnist):
    ModelFiles.objects.update(weights=b"rubbish")
    refused("weights")


def test_another_version_put_live_meanwhile(label, small_mnist):
    other = new_version(registry.live_version())

    def say(sentence):
        if "Judging" in sentence:
            registry.promote(other, by="a test")

    with pytest.raises(RetrainError, match="Somebody put version 2 live meanwhile"):
        retrain(Options(epochs=1), report=lambda progress: None, say=say)
    assert registry.live_version() == other
    assert ModelVersion.objects.count() == 2


@pytest.mark.parametrize(
    "option",
    ["--epochs=0", "--epochs=x", "--seed=x", "--seed=-1", "--if-new=0", "--if-new=x", "--nonsense"],
)
def test_wrong_options(option):
    with pytest.raises(CommandError):
        call_command("retrain", option)


def manage(*arguments, **environment):
    return subprocess.Popen(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_database_without_migrations(tmp_path):
    process = manage("retrain", DATA_DIR=str(tmp_path))
    assert "Run: manage.py migrate" in process.communicate()[1]
    assert process.returncode == 1


def test_ctrl_c_halfway(tmp_path, small_mnist_file):
    """In a process of its own, as an operator would press it: while it trains."""
    path, digest = small_mnist_file
    environment = {"DATA_DIR": str(tmp_path), "MNIST_PATH": str(path), "MNIST_SHA256": digest}
    assert manage("migrate", **environment).wait() == 0
    process = manage("retrain", "--from-scratch", "--epochs=10000", **environment)
    for line in process.stderr:
        if "epoch 1 of" in line:
            break
    process.send_signal(signal.SIGINT)
    assert "Interrupted. Nothing was stored, the live version stays." in process.communicate()[1]
    assert process.returncode == 130
    show = manage("shell", "-c", COUNT, **environment)
    assert show.communicate()[0].split()[-2:] == ["1", "live"]


COUNT = "from recognizer.models import *; v = ModelVersion.objects.get(); print(v.number, v.state)"
