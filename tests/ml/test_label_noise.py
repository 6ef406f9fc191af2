"""Labels that are probably wrong are flagged, so that training does not repeat them."""

import numpy as np
import pytest

from ml.data.label_noise import RULED_OUT_PROBABILITY, flag_label_noise
from ml.data.mnist import LabelledImages
from ml.preprocessing.normalize import normalize
from ml.runtime import load_base
from tests.support.synthetic_digits import draw, strokes_of


@pytest.fixture(scope="module")
def live():
    return load_base()


def draw_digits(digits):
    rng = np.random.default_rng(0)
    images = [normalize(draw(strokes_of(digit, rng))) for digit in digits]
    return LabelledImages(np.stack(images), np.array(digits, np.uint8))


def draw_squares(count, label):
    rng = np.random.default_rng(0)
    corners = np.array([(0, 0), (1, 0), (1, 1), (0, 1), (0, 0)])
    images = [
        normalize(draw([(30 + 140 * (corners + rng.normal(0, 0.05, (5, 2)))).tolist()]))
        for _ in range(count)
    ]
    return LabelledImages(np.stack(images), np.full(count, label, np.uint8))


def test_flags_wrong_labels_among_correct_ones(live):
    data = draw_digits([0, 1, 2, 3, 4, 6, 7, 8] * 10)
    labels = data.labels.copy()
    labels[::4] = (labels[::4] + np.random.default_rng(1).integers(1, 10, 20)) % 10
    flagged = flag_label_noise(LabelledImages(data.images, labels), live)
    assert flagged[labels != data.labels].mean() >= 0.8
    assert not flagged[labels == data.labels].any()


def test_does_not_flag_correct_labels(live):
    assert not flag_label_noise(draw_digits([0, 1, 2, 3, 4, 6, 7, 8] * 5), live).any()


def test_does_not_flag_a_new_shape_with_consistent_labels(live):
    """The shape may be new to the network. If the training does harm, the candidate is rejected."""
    twos = draw_squares(10, label=2)
    probabilities = np.array([live.predict_proba(image)[2] for image in twos.images])
    assert (probabilities < RULED_OUT_PROBABILITY).sum() >= 5
    assert not flag_label_noise(twos, live).any()
    assert not flag_label_noise(twos[np.arange(1)], live).any()


def test_flags_a_known_digit_with_consistent_wrong_labels(live):
    sevens = draw_digits([7] * 20)
    threes = LabelledImages(sevens.images, np.full(20, 3, np.uint8))
    assert flag_label_noise(threes, live).mean() >= 0.8


def test_accepts_an_empty_data_set(live):
    empty = LabelledImages(np.zeros((0, 28, 28), np.uint8), np.zeros(0, np.uint8))
    assert flag_label_noise(empty, live).shape == (0,)
