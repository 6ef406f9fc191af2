"""Retraining with the real trainer, on a small MNIST."""

import pytest
from django.core.management import call_command

from recognizer.models import Label, ModelVersion
from recognizer.serving import model_registry
from tests.support.factories import drawing_png

pytestmark = [pytest.mark.training, pytest.mark.usefixtures("small_mnist")]


@pytest.fixture
def approved(visitor, reviewer):
    """Approve a correction."""
    visitor.submit_and_get(drawing_png(4), digit=4).approve(reviewer, Label.FOUR)


def test_promotes_a_candidate_trained_from_the_live_version(approved):
    call_command("retrain", "--epochs=1")
    version = model_registry.live_version()
    assert version.number == 2
    assert version.card["scores"]["mnist_test"] > 0.5
    assert version.card["calibration"]["temperature"] > 0


def test_same_seed_gives_the_same_weights(approved):
    for seed in (5, 5, 6):
        # One epoch from scratch is not enough, so the candidate is rejected.
        with pytest.raises(SystemExit):
            call_command("retrain", "--from-scratch", "--epochs=1", f"--seed={seed}")
    first, second, third = ModelVersion.objects.filter(number__gt=1).order_by("number")
    assert bytes(first.files.weights) == bytes(second.files.weights) != bytes(third.files.weights)
    assert first.card["scores"] == second.card["scores"]
