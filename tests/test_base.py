"""The version that ships: its card is true, and it reads what people really draw."""

import hashlib
import json

import numpy as np
import pytest
from kit import Visitor, png

from ml import mnist, network
from ml.evaluation import accuracy, read_all
from ml.runtime import BASE, Recognizer, load

CARD = json.loads((BASE / "card.json").read_text())
MODEL = (BASE / "model.tflite").read_bytes()


def test_the_card_names_these_bytes():
    assert hashlib.sha256(MODEL).hexdigest() == CARD["sha256"]
    assert CARD["trained_on"]["mnist_sha256"] == mnist.DIGEST
    assert CARD["trained_on"]["corrections"] == 0
    load(MODEL, CARD["sha256"])


def test_its_weights_fit_the_network():
    network.load_weights(network.build(), (BASE / "weights.npz").read_bytes())


def test_its_scores_are_those_on_the_card(real_mnist):
    whole, recognizer = mnist.load(real_mnist), Recognizer(MODEL)
    for name in ("test", "validation"):
        data = getattr(whole, name)
        found = accuracy(read_all(recognizer, data), data)
        # Another processor may round a borderline case to the other side.
        assert found == pytest.approx(CARD["scores"][f"mnist_{name}"], abs=0.0003)
    assert CARD["scores"]["mnist_test"] >= 0.994


def test_it_reads_real_handwriting(real_digits, real_pen, db):
    """1,000 drawings of 30 people, at random size, pen and place, posted to the API."""
    rng = np.random.default_rng(2026)
    visitor, right = Visitor(), 0
    for i in rng.choice(len(real_digits), 1000, replace=False):
        share, pen = rng.uniform(0.35, 0.8), rng.uniform(10, 26)
        room = max(0, 140 * (1 - share) - pen / 2)
        how = {"share": share, "pen": pen, "shift": rng.uniform(-room, room, 2)}
        image = png(real_pen(real_digits[i]["strokes"], **how))
        right += visitor.recognize(image).json()["digit"] == real_digits[i]["digit"]
    print(f"{right} of 1000 read rightly")
    assert right >= 960


def test_most_letters_are_no_digit(real_letters, real_pen, db):
    rng = np.random.default_rng(2026)
    visitor, refused = Visitor(), 0
    for i in rng.choice(len(real_letters), 300, replace=False):
        image = png(real_pen(real_letters[i]["strokes"], share=0.6, pen=rng.uniform(10, 26)))
        refused += visitor.recognize(image).json()["digit"] is None
    print(f"{refused} of 300 letters and signs refused")
    assert refused >= 200
