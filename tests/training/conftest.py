"""Fixtures of the training tests."""

import pytest

from recognizer.training import retraining
from tests.support import fast_trainer


@pytest.fixture
def fast_training(small_mnist, monkeypatch):
    """Retrain on a small MNIST with a trainer that takes less than a tenth of a second."""
    monkeypatch.setattr(fast_trainer, "STEP_SECONDS", 0.002)
    monkeypatch.setattr(retraining, "load_trainer", lambda: fast_trainer.train)
