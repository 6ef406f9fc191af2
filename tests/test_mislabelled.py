"""Labels that are likely wrong are found: they are not shown to the network as often as others."""

import numpy as np
import pytest
from handwriting import draw, strokes_of

from ml.mislabelled import RULED_OUT, likely_mislabelled
from ml.mnist import Labelled
from ml.normalize import normalize
from ml.runtime import BASE, Recognizer


@pytest.fixture(scope="module")
def live():
    return Recognizer((BASE / "model.tflite").read_bytes())


def written(digits, seed=0):
    rng = np.random.default_rng(seed)
    images = [normalize(draw(strokes_of(digit, rng))) for digit in digits]
    return Labelled(np.stack(images), np.array(digits, np.uint8))


def squares(count, label):
    rng = np.random.default_rng(0)
    corners = np.array([(0, 0), (1, 0), (1, 1), (0, 1), (0, 0)])
    images = [
        normalize(draw([(30 + 140 * (corners + rng.normal(0, 0.05, (5, 2)))).tolist()]))
        for _ in range(count)
    ]
    return Labelled(np.stack(images), np.full(count, label, np.uint8))


def test_wrong_labels_are_found_among_right_ones(live):
    right = written([0, 1, 2, 3, 4, 6, 7, 8] * 10)
    labels = right.labels.copy()
    labels[::4] = (labels[::4] + np.random.default_rng(1).integers(1, 10, 20)) % 10
    found = likely_mislabelled(Labelled(right.images, labels), live)
    assert found[labels != right.labels].mean() >= 0.8
    assert not found[labels == right.labels].any()


def test_right_labels_are_believed(live):
    assert not likely_mislabelled(written([0, 1, 2, 3, 4, 6, 7, 8] * 5), live).any()


def test_what_several_say_of_a_shape_of_their_own_is_believed(live):
    """It may be new to the network; whether it does harm is judged after the training."""
    twos = squares(10, label=2)
    said = np.array([live.probabilities(image)[2] for image in twos.images])
    assert (said < RULED_OUT).sum() >= 5
    assert not likely_mislabelled(twos, live).any()
    assert not likely_mislabelled(twos[np.arange(1)], live).any()


def test_what_several_say_of_a_digit_is_not(live):
    sevens = written([7] * 20)
    threes = Labelled(sevens.images, np.full(20, 3, np.uint8))
    assert likely_mislabelled(threes, live).mean() >= 0.8


def test_without_corrections_nothing_is_found(live):
    nothing = Labelled(np.zeros((0, 28, 28), np.uint8), np.zeros(0, np.uint8))
    assert likely_mislabelled(nothing, live).shape == (0,)
