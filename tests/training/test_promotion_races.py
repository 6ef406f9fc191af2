"""Simultaneous promotions and prunings leave one live version, with its files.

`make test-endurance` runs the long form: ROUNDS=100.
"""

import os
import random
import threading
import time
import uuid

import numpy as np
import pytest
from django.contrib.admin.models import LogEntry
from django.db.models import F

from recognizer.models import ModelVersion, Submission, model_version
from recognizer.serving import model_registry
from recognizer.serving.model_registry import ModelFilesPrunedError, promote, prune
from recognizer.training.retraining import Options, Outcome, RetrainError, retrain
from tests.support.factories import Visitor, approved_submissions, create_version, promotion_form
from tests.support.threads import run_at_once

ROUNDS = int(os.environ.get("ROUNDS", "10"))

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]


def only_live_version():
    """Return the live version. Check that it is the only one and can be loaded."""
    live = ModelVersion.objects.live().get()
    model_registry.load(live)
    return live


def promote_later(version, seconds):
    time.sleep(seconds)
    promote(ModelVersion.objects.get(pk=version.pk), by="a test")


def test_simultaneous_promotions_all_succeed():
    base = model_registry.live_version()
    for _ in range(ROUNDS):
        versions = [create_version(base) for _ in range(3)]
        errors = run_at_once(
            *[lambda version=version: promote_later(version, 0) for version in versions]
        )
        assert errors == [None] * 3
        assert only_live_version() in versions


def test_simultaneous_promotions_of_one_version_are_recorded_once():
    base = model_registry.live_version()
    version = create_version(base)
    errors = run_at_once(*[lambda: promote_later(version, 0)] * 3)
    assert errors == [None] * 3
    assert [entry.change_message for entry in LogEntry.objects.all()] == [
        f"Promoted. It replaces {base}. By a test."
    ]


def test_simultaneous_promotions_in_the_admin_promote_one(reviewer):
    """The others promote nothing, because their pages showed the base as the live version."""
    base = model_registry.live_version()
    clients = [Visitor() for _ in range(3)]
    for client in clients:
        client.force_login(reviewer)
    versions = [create_version(base) for _ in clients]
    urls = [f"/admin/recognizer/modelversion/{version.pk}/promote/" for version in versions]
    form = promotion_form(versions[0])
    responses = run_at_once(
        *[
            lambda client=client, url=url: client.post(url, form)
            for client, url in zip(clients, urls, strict=True)
        ]
    )
    assert [response.status_code for response in responses] == [302] * 3
    assert sum(response.url in urls for response in responses) == 2
    assert only_live_version() in versions
    assert LogEntry.objects.count() == 1


def test_pruning_during_promotions_keeps_the_files_of_the_live_version(monkeypatch):
    monkeypatch.setattr(model_version, "REFERENCE_LIMIT", 1)
    rng, base = random.Random(ROUNDS), model_registry.live_version()
    for _ in range(ROUNDS):
        versions = [create_version(only_live_version()) for _ in range(4)]
        one, other = rng.sample(versions, 2)
        delays = [rng.uniform(0, 0.01) for _ in range(2)]
        *promoted, pruned = run_at_once(
            lambda one=one, delays=delays: promote_later(one, delays[0]),
            lambda other=other, delays=delays: promote_later(other, delays[1]),
            lambda: prune(keep=1, by="a test"),
        )
        # A version that was pruned first cannot be promoted any more.
        assert all(error is None or isinstance(error, ModelFilesPrunedError) for error in promoted)
        assert isinstance(pruned, list)
        live = only_live_version()
        model_registry.load(live.predecessor or base)
        model_registry.load(base)


def test_promotion_at_the_end_of_a_training_run(fast_training):
    rng, base = random.Random(ROUNDS), model_registry.live_version()
    pixels = np.random.default_rng(0).integers(0, 256, (10, 28, 28), np.uint8)
    approved_submissions(uuid.uuid4(), pixels, np.arange(10))
    for _ in range(max(3, ROUNDS // 5)):
        # With the labels of the round before, there would be nothing new to train on.
        Submission.objects.update(label=(F("label") + 1) % 10)
        other, comparing = create_version(base), threading.Event()
        delay = rng.uniform(0, 1)
        retrained, promoted = run_at_once(
            lambda comparing=comparing: retrain_and_tell(comparing),
            lambda other=other, comparing=comparing, delay=delay: (
                comparing.wait(60) and promote_later(other, delay)
            ),
        )
        assert promoted is None
        assert isinstance(retrained, (Outcome, RetrainError)), retrained
        only_live_version()


def retrain_and_tell(comparing):
    """Retrain, and set the event at the start of the comparison."""

    def on_message(message):
        if "Comparing" in message:
            comparing.set()

    return retrain(Options(epochs=1), on_progress=lambda progress: None, on_message=on_message)
