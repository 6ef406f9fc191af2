"""The network's weights, its export to LiteRT, and the conversion of probabilities."""

import numpy as np
import pytest

from ml.runtime import NOT_A_DIGIT, CorruptModelError, Recognizer, to_prediction
from ml.training import network
from ml.training.calibration import Calibration


def test_exported_network_predicts_the_same_probabilities():
    model = network.build()
    images = np.random.default_rng(0).integers(0, 256, (8, 28, 28)).astype(np.uint8)
    logits = np.array(model(images[..., None].astype(np.float32) / 255))
    logits[:, NOT_A_DIGIT] -= 1
    logits /= 2
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    recognizer = Recognizer(network.to_litert(model, Calibration(outlier_bias=-1, temperature=2)))
    for image, probabilities in zip(images, expected, strict=True):
        # The exported weights are quantized to 8 bits.
        assert recognizer.predict_proba(image) == pytest.approx(probabilities, abs=0.005)


def test_weights_survive_a_round_trip_through_bytes():
    first, second = network.build(), network.build()
    data = network.weights_to_bytes(first)
    network.load_weights(second, data)
    assert network.weights_to_bytes(second) == data


def test_interpolates_weights():
    live, trained = network.build(), network.build()
    old, new = live.get_weights(), trained.get_weights()
    network.interpolate_weights(trained, network.weights_to_bytes(live), 0.75)
    for a, b, mixed in zip(old, new, trained.get_weights(), strict=True):
        assert mixed == pytest.approx(0.25 * a + 0.75 * b, abs=1e-6)


@pytest.mark.parametrize("data", [b"", b"rubbish", b"\x80\x04N."])  # The last one is a pickle.
def test_rejects_corrupt_weights(data):
    with pytest.raises(CorruptModelError, match="weights do not fit"):
        network.load_weights(network.build(), data)


def test_predicts_the_most_likely_digit():
    probabilities = np.full(11, 0.01, np.float32)
    probabilities[4] = 0.9
    prediction = to_prediction(probabilities)
    assert prediction.label == 4
    assert prediction.confidence == pytest.approx(0.9)
    assert sum(prediction.probabilities) == pytest.approx(1)


def test_predicts_not_a_digit_above_one_half():
    probabilities = np.full(11, 0.04, np.float32)
    probabilities[NOT_A_DIGIT] = 0.6
    assert to_prediction(probabilities).label == NOT_A_DIGIT
