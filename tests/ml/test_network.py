"""The network's weights, its export to LiteRT, and the conversion of probabilities."""

from dataclasses import replace

import numpy as np
import pytest

from ml.personalization import SHARPNESS
from ml.runtime import NOT_A_DIGIT, CorruptModelError, Recognizer, to_prediction
from ml.training import network
from ml.training.calibration import UNCALIBRATED, Calibration
from ml.training.embedding import EmbeddingHead, fit_embedding

FIRST_64_FEATURES = EmbeddingHead(
    mean=np.zeros(1152, np.float32),
    matrix=np.eye(1152, 64, dtype=np.float32),
    background=np.eye(10, 64, dtype=np.float32),
    labels=np.arange(10),
)


def test_exported_network_averages_over_shifted_copies():
    model = network.build()
    images = np.zeros((8, 28, 28), np.uint8)
    images[:, 4:24, 4:24] = np.random.default_rng(0).integers(0, 256, (8, 20, 20))
    copies = [np.roll(images, (shift, shift), (1, 2)) for shift in (0, 1, -1)]
    logits = np.mean([model(copy[..., None].astype(np.float32) / 255) for copy in copies], axis=0)
    logits[:, NOT_A_DIGIT] -= 1
    logits /= 2
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    calibration = Calibration(outlier_bias=-1, temperature=2)
    recognizer = Recognizer(network.to_litert(model, calibration, FIRST_64_FEATURES))
    for image, probabilities in zip(images, expected, strict=True):
        # The exported weights are quantized to 8 bits.
        assert recognizer.predict_proba(image) == pytest.approx(probabilities, abs=0.005)


def test_exported_network_compares_an_image_with_the_background():
    model = network.build()
    image = np.random.default_rng(0).integers(0, 256, (28, 28)).astype(np.uint8)
    hidden = network.hidden_layer(model)(image[None, ..., None].astype(np.float32) / 255)
    head = replace(FIRST_64_FEATURES, mean=FIRST_64_FEATURES.mean + 0.1)
    embedding = np.array(hidden)[0, :64] - 0.1
    embedding /= np.linalg.norm(embedding)
    support = np.exp(SHARPNESS * (embedding[:10] - 1))
    recognizer = Recognizer(network.to_litert(model, UNCALIBRATED, head))
    assert recognizer.has_embedding
    outputs = recognizer.outputs(image)
    assert outputs.embedding == pytest.approx(embedding, abs=0.02)
    assert outputs.background == pytest.approx(support, abs=0.02)
    assert (outputs.probabilities == recognizer.predict_proba(image)).all()


def test_embedding_keeps_the_main_components_and_reduces_their_differences():
    rng = np.random.default_rng(0)
    scales = np.linspace(4, 0.1, 100)
    features = (rng.normal(size=(5000, 100)) * scales + 3).astype(np.float32)
    head = fit_embedding(features, rng.integers(0, 10, 5000))
    projected = (features - head.mean) @ head.matrix
    assert projected.shape == (5000, 64)
    assert projected.mean(axis=0) == pytest.approx(0, abs=0.01)
    variances = projected.var(axis=0)
    assert 1.5 < variances.max() / variances.min() < 10  # 8 in the features
    assert head.background.shape == (1000, 64)
    assert np.linalg.norm(head.background, axis=1) == pytest.approx(1)


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
