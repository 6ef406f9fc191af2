"""`make base`: from MNIST alone to the version that ships, with a true card."""

import hashlib
import json

import pytest

from ml import make_base, mnist, network
from ml.evaluation import accuracy, read_all
from ml.runtime import Recognizer


@pytest.fixture(scope="module")
def whole(small_mnist_file):
    return mnist.load(*small_mnist_file)


@pytest.fixture(scope="module")
def folder(whole, tmp_path_factory):
    folder = tmp_path_factory.mktemp("base")
    make_base.make(whole, folder, seed=1, epochs=4)
    return folder


def test_it_reads_and_its_card_says_how_well(whole, folder):
    model = (folder / "model.tflite").read_bytes()
    card = json.loads((folder / "card.json").read_text())
    assert card["sha256"] == hashlib.sha256(model).hexdigest()
    assert card["trained_on"]["mnist"] == len(whole.training)
    assert card["epochs"] == 4 + 4
    found = accuracy(read_all(Recognizer(model), whole.test), whole.test)
    assert card["scores"]["mnist_test"] == found
    assert found > 0.5, "a tenth would be chance"


def test_a_retraining_can_go_on_from_its_weights(folder):
    network.load_weights(network.build(), (folder / "weights.npz").read_bytes())
