"""`make base` trains the base, the version that ships, and writes a correct card.

The fixture runs both training runs on a small MNIST, with two epochs each.
"""

import hashlib
import json
import shutil

import pytest

from ml.data import mnist
from ml.evaluation.model_comparison import accuracy, predict_all
from ml.runtime import Recognizer
from ml.training import network, train_base


@pytest.fixture(scope="module")
def digits(small_mnist_file):
    return mnist.load(*small_mnist_file)


@pytest.fixture(scope="module")
def folder(digits, tmp_path_factory):
    folder = tmp_path_factory.mktemp("base")
    train_base.train_base(digits, folder, seed=1, epochs=2)
    return folder


@pytest.mark.training
def test_trained_base_matches_its_card(digits, folder):
    model = (folder / "model.tflite").read_bytes()
    card = json.loads((folder / "card.json").read_text())
    assert card["sha256"] == hashlib.sha256(model).hexdigest()
    assert card["trained_on"]["mnist"] == len(digits.training)
    assert card["epochs"] == 2 + 2
    found = accuracy(predict_all(Recognizer(model), digits.test), digits.test)
    assert card["scores"]["mnist_test"] == found
    assert found > 0.5, "random predictions would have 0.1"


@pytest.mark.training
def test_exports_the_same_weights_again(digits, folder, tmp_path):
    again = shutil.copytree(folder, tmp_path / "again")
    (again / "model.tflite").unlink()
    card = train_base.export_again(digits, again)
    assert card == json.loads((again / "card.json").read_text())
    # The bytes of the model differ, because Keras numbers the names of the layers.
    assert card | {"sha256": ""} == json.loads((folder / "card.json").read_text()) | {"sha256": ""}
    assert card["sha256"] == hashlib.sha256((again / "model.tflite").read_bytes()).hexdigest()
    first, second = (Recognizer((each / "model.tflite").read_bytes()) for each in (folder, again))
    for image in digits.test.images:
        assert first.predict_proba(image) == pytest.approx(second.predict_proba(image), abs=1e-6)


@pytest.mark.training
def test_trained_weights_fit_the_network(folder):
    network.load_weights(network.build(), (folder / "weights.npz").read_bytes())
