"""`manage.py retrain` fails with a message and an exit status, and does not promote a version."""

import hashlib
import os
import signal
import subprocess
import sys
import uuid
from dataclasses import asdict

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from ml.preprocessing.normalize import normalize
from recognizer.models import (
    Label,
    ModelFiles,
    ModelVersion,
    Review,
    Submission,
    TrainingRun,
)
from recognizer.review import doubtful_labels
from recognizer.serving import model_registry
from recognizer.training import database_outages
from recognizer.training.retraining import Options, RetrainError, retrain
from tests.support.factories import ROOT, approved_submissions, corrupt, create_version
from tests.support.synthetic_digits import draw, strokes_of

SHOW_VERSION = """
from recognizer.models import ModelVersion
version = ModelVersion.objects.get()
print(version.number, version.state)
"""


@pytest.fixture
def approved(visitor, reviewer):
    """Approve a correction."""
    visitor.submit_and_get(digit=1).approve(reviewer, Label.ONE)


def assert_refuses(match, *options):
    """Check that the command fails with this message, and that the base stays the only version."""
    with pytest.raises(CommandError, match=match) as error:
        call_command("retrain", "--epochs=1", *options)
    assert error.value.returncode != 0
    assert model_registry.live_version().number == 1
    assert ModelVersion.objects.count() == 1


@pytest.fixture
def sevens_as_ones(db, fast_training):
    """Store sevens that a careless reviewer has approved as ones."""
    rng = np.random.default_rng(0)
    sevens = np.stack([normalize(draw(strokes_of(7, rng))) for _ in range(80)])
    return approved_submissions(uuid.uuid4(), sevens, np.ones(80, int))


def reopen_as_corrections(rows):
    """Make the approved rows pending, with their label as the correction."""
    Submission.objects.filter(pk__in=[row.pk for row in rows]).update(
        review=Review.PENDING, label=None, corrected_digit=1
    )


def doubtful_count(review):
    return Submission.objects.filter(label_noise__isnull=False, review=review).count()


def test_refuses_mostly_wrong_labels(sevens_as_ones):
    assert_refuses(
        r"\d\d of \d\d labels are probably wrong\. "
        r"Check them, then retrain: \d\d on the page “Doubtful labels”\.$"
    )
    assert doubtful_labels.count() == doubtful_count(Review.APPROVED) > 50


def test_names_the_review_queue_if_pending_corrections_are_mostly_wrong(sevens_as_ones):
    """The page “Doubtful labels” lists only approved drawings."""
    reopen_as_corrections(sevens_as_ones)
    assert_refuses(r"then retrain: \d\d in the review queue\.$", "--include-pending")
    assert doubtful_labels.count() == 0
    assert doubtful_count(Review.PENDING) > 50


def test_names_both_places_if_approved_and_pending_labels_are_mostly_wrong(sevens_as_ones):
    reopen_as_corrections(sevens_as_ones[:30])
    with pytest.raises(CommandError) as error:
        call_command("retrain", "--include-pending")
    approved, pending = doubtful_count(Review.APPROVED), doubtful_count(Review.PENDING)
    assert str(error.value).endswith(
        f": {approved} on the page “Doubtful labels”, {pending} in the review queue."
    )
    assert approved
    assert pending


def test_refuses_without_mnist(approved, settings, tmp_path):
    settings.MNIST_PATH = tmp_path / "nowhere.npz"
    assert_refuses("There is no MNIST at .*nowhere.npz")


def test_refuses_a_damaged_mnist_file(approved, settings, small_mnist_file, tmp_path):
    path, digest = small_mnist_file
    settings.MNIST_PATH, settings.MNIST_SHA256 = tmp_path / "cut.npz", digest
    settings.MNIST_PATH.write_bytes(path.read_bytes()[:-1000])
    assert_refuses("is damaged")


def test_refuses_a_file_with_other_content(approved, settings, small_mnist_file):
    settings.MNIST_PATH = small_mnist_file[0]
    assert_refuses("does not contain MNIST")


def test_refuses_an_npz_with_other_arrays(approved, settings, tmp_path):
    settings.MNIST_PATH = tmp_path / "other.npz"
    np.savez(settings.MNIST_PATH, a=np.zeros(3))
    assert_refuses("is damaged")


def test_refuses_a_second_retraining(approved, fast_training):
    TrainingRun.objects.create(options=asdict(Options())).begin()
    assert_refuses("Another training run is running: training run .*, requested by manage.py")


@pytest.mark.django_db(transaction=True)
def test_reports_a_full_disk(approved, fast_training, monkeypatch):
    monkeypatch.setattr(database_outages, "OUTAGE_SECONDS", 0)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM")  # Otherwise, free pages of earlier tests would be used.
        pages = cursor.execute("PRAGMA page_count").fetchone()[0]
        cursor.execute(f"PRAGMA max_page_count = {pages + 20}")
    try:
        assert_refuses("database or disk is full.*No version was stored")
    finally:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA max_page_count = 1073741823")


@pytest.mark.training
def test_refuses_weights_of_another_network(approved, small_mnist):
    ModelFiles.objects.update(weights=b"rubbish")
    ModelVersion.objects.update(weights_sha256=hashlib.sha256(b"rubbish").hexdigest())
    assert_refuses("weights do not fit")


def test_refuses_damaged_weights(approved, fast_training):
    weights = bytearray(ModelFiles.objects.get().weights)
    weights[len(weights) // 2] ^= 1
    ModelFiles.objects.update(weights=bytes(weights))
    # The code does not ship these weights, so it cannot repair them.
    ModelVersion.objects.update(weights_sha256="0" * 64)
    assert_refuses("the weights of version 1 do not match the stored SHA-256")


def test_refuses_a_damaged_live_version(approved, fast_training):
    """LiteRT itself would load the damaged model."""
    corrupt(model_registry.live_version())
    assert_refuses("the model's bytes do not match the stored SHA-256")


def test_refuses_if_another_version_was_promoted(approved, fast_training):
    other = create_version(model_registry.live_version())

    def on_message(message):
        if "Comparing" in message:
            model_registry.promote(other, by="a test")

    with pytest.raises(RetrainError, match="version 2 was promoted during the training"):
        retrain(Options(epochs=1), on_progress=lambda progress: None, on_message=on_message)
    assert model_registry.live_version() == other
    assert ModelVersion.objects.count() == 2


@pytest.mark.parametrize(
    "option",
    ["--epochs=0", "--epochs=x", "--seed=x", "--seed=-1", "--if-new=0", "--if-new=x", "--nonsense"],
)
def test_refuses_invalid_options(option):
    with pytest.raises(CommandError):
        call_command("retrain", option)


def manage(*arguments, **environment):
    """Start `manage.py` as a process with these environment variables, and return it."""
    return subprocess.Popen(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_refuses_a_database_without_migrations(tmp_path):
    process = manage("retrain", DATA_DIR=str(tmp_path))
    assert "Run: manage.py migrate" in process.communicate()[1]
    assert process.returncode == 1


@pytest.mark.slow
def test_ctrl_c_during_the_training_stores_no_version(tmp_path, small_mnist_file):
    """Send the signal that Ctrl-C sends in a terminal."""
    path, digest = small_mnist_file
    environment = {
        "DATA_DIR": str(tmp_path),
        "MNIST_PATH": str(path),
        "MNIST_SHA256": digest,
        "DJANGO_SETTINGS_MODULE": "tests.support.fast_trainer_settings",
    }
    assert manage("migrate", **environment).wait() == 0
    process = manage("retrain", "--from-scratch", "--epochs=10000", **environment)
    for line in process.stderr:
        if "epoch 1 of" in line:
            break
    process.send_signal(signal.SIGINT)
    assert (
        "Interrupted. No version was stored, and the live version did not change."
        in process.communicate()[1]
    )
    assert process.returncode == 130
    show = manage("shell", "-c", SHOW_VERSION, **environment)
    assert show.communicate()[0].split()[-2:] == ["1", "live"]
