"""The version that ships matches its card and recognizes real handwriting."""

import hashlib
import json

import numpy as np
import pytest

from ml.data import mnist
from ml.evaluation.model_comparison import accuracy, predict_all
from ml.runtime import BASE, Recognizer, load
from ml.training import network
from tests.support.factories import Visitor, png

CARD = json.loads((BASE / "card.json").read_text())
MODEL = (BASE / "model.tflite").read_bytes()


def test_card_describes_the_shipped_model():
    assert hashlib.sha256(MODEL).hexdigest() == CARD["sha256"]
    assert CARD["trained_on"]["mnist_sha256"] == mnist.DIGEST
    assert CARD["trained_on"]["corrections"] == 0
    load(MODEL, CARD["sha256"])


def test_weights_fit_the_network():
    network.load_weights(network.build(), (BASE / "weights.npz").read_bytes())


def test_scores_match_the_card(real_mnist):
    digits, recognizer = mnist.load(real_mnist), Recognizer(MODEL)
    for name in ("test", "validation"):
        data = getattr(digits, name)
        found = accuracy(predict_all(recognizer, data), data)
        # Another kind of processor rounds differently, so borderline images may differ.
        assert found == pytest.approx(CARD["scores"][f"mnist_{name}"], abs=0.0003)
    assert CARD["scores"]["mnist_test"] >= 0.994


@pytest.mark.slow
def test_recognizes_real_handwriting(real_digits, real_pen, db):
    """Send 300 drawings by 30 people to the API, with random sizes, pens and positions."""
    rng = np.random.default_rng(2026)
    visitor, correct = Visitor(), 0
    for i in rng.choice(len(real_digits), 300, replace=False):
        share, pen = rng.uniform(0.35, 0.8), rng.uniform(10, 26)
        max_shift = max(0, 140 * (1 - share) - pen / 2)
        shift = rng.uniform(-max_shift, max_shift, 2)
        image = png(real_pen(real_digits[i]["strokes"], share=share, pen=pen, shift=shift))
        correct += visitor.recognize(image).json()["digit"] == real_digits[i]["digit"]
    print(f"{correct} of 300 predictions are correct")
    assert correct >= 288


@pytest.mark.slow
def test_rejects_most_letters(real_letters, real_pen, db):
    rng = np.random.default_rng(2026)
    visitor, rejected = Visitor(), 0
    for i in rng.choice(len(real_letters), 120, replace=False):
        image = png(real_pen(real_letters[i]["strokes"], share=0.6, pen=rng.uniform(10, 26)))
        rejected += visitor.recognize(image).json()["digit"] is None
    print(f"{rejected} of 120 letters and symbols are rejected")
    assert rejected >= 80
