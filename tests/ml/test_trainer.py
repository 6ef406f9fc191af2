"""The training loop, the optimizer and the calibration."""

import numpy as np
import pytest

from ml.data import mnist
from ml.runtime import NOT_A_DIGIT, Recognizer
from ml.training import network, remaining_time
from ml.training.calibration import UNCALIBRATED, calibrate
from ml.training.embedding import EmbeddingHead
from ml.training.libraries import keras
from ml.training.optimizer import Muon, muon_optimizer
from ml.training.trainer import train_loop


@pytest.fixture(scope="module")
def digits(small_mnist_file):
    return mnist.load(*small_mnist_file)


@pytest.mark.training
def test_calibrated_network_predicts_negatives_as_often_as_people_draw_them(digits):
    """For an untrained network, the mean probability of "not a digit" becomes the prior, 0.02."""
    model = network.build()

    matrix = np.eye(1152, 64, dtype=np.float32)
    head = EmbeddingHead(np.zeros(1152, np.float32), matrix, matrix[:1], np.zeros(1, int))

    def negative_share(recognizer):
        probabilities = [recognizer.predict_proba(image) for image in digits.test.images]
        return np.mean(probabilities, axis=0)[NOT_A_DIGIT]

    uncalibrated = Recognizer(network.to_litert(model, UNCALIBRATED, head))
    assert negative_share(uncalibrated) == pytest.approx(1 / 11, abs=0.04)
    calibration = calibrate(uncalibrated, digits.calibration)
    calibrated = Recognizer(network.to_litert(model, calibration, head))
    assert negative_share(calibrated) == pytest.approx(0.02, abs=0.01)


@pytest.mark.training
def test_reports_the_remaining_time_after_enough_steps(digits, monkeypatch):
    monkeypatch.setattr(remaining_time, "MIN_STEPS", 4)
    few, reports = digits.training[np.arange(3)], []
    train_loop(
        network.build(),
        few,
        muon_optimizer,
        7,
        np.random.default_rng(0),
        reports.append,
    )
    assert [progress.seconds_left is None for progress in reports] == [True] * 3 + [False] * 4
    assert reports[-2].seconds_left > reports[-1].seconds_left == 0
    assert reports[-1].share == 1


def test_muon_updates_a_kernel_equally_in_all_directions():
    """One direction of the gradient is a thousand times as large as another."""
    rng, shape = np.random.default_rng(0), (3, 3, 16, 8)
    left, _, right = np.linalg.svd(rng.normal(size=(144, 8)), full_matrices=False)
    gradient = (left * np.geomspace(1, 1000, 8)) @ right
    kernel = keras.Variable(np.zeros(shape, np.float32))
    optimizer = Muon(learning_rate=0.01)
    optimizer.apply([keras.ops.convert_to_tensor(gradient.reshape(shape), "float32")], [kernel])
    lengths = np.linalg.svd(kernel.numpy().reshape(144, 8), compute_uv=False)
    assert lengths.max() < 3 * lengths.min()
    # This is the size of AdamW's updates: the root mean square is about 0.2 of the learning rate.
    assert np.sqrt((kernel.numpy() ** 2).mean()) == pytest.approx(0.2 * 0.01, rel=0.3)
