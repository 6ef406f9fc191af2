"""If it is uncertain which digit an image shows, deformed copies of it are predicted, too."""

import numpy as np
import pytest

from benchmarks.stroke_rendering import place
from ml.deformed_copies import deformed_copies
from ml.evaluation.occlusion import occlusion
from ml.preprocessing.segmentation import segment_and_predict
from ml.preprocessing.stroke_segmentation import segment_strokes
from ml.runtime import BASE, CERTAIN, NOT_A_DIGIT, SMOKE_TEST_DIGITS, Recognizer, load_base
from tests.support.synthetic_digits import draw, row_of

DIGITS = np.load(SMOKE_TEST_DIGITS)


class Counting(Recognizer):
    """Counts how often the network runs."""

    def __init__(self):
        super().__init__((BASE / "model.tflite").read_bytes())
        self.count = 0

    def _run(self, pixels):
        self.count += 1
        return super()._run(pixels)


@pytest.fixture
def recognizer():
    return Counting()


def mixed(first, second, share):
    """Return an image that is something between two digits."""
    ink = share * DIGITS[first] + (1 - share) * DIGITS[second]
    return np.rint(ink * (255 / ink.max())).astype(np.uint8)


def test_uncertain_digit_is_the_mean_of_its_views(recognizer):
    image = mixed(4, 3, 0.4)
    forward = recognizer.forward(image)
    assert forward.max() < CERTAIN
    views = [forward, *map(recognizer.forward, deformed_copies(image))]
    mean = np.mean([view[:10] / view[:10].sum() for view in views], axis=0)
    refined = recognizer.predict_proba(image)
    assert refined[:10] == pytest.approx(mean * (1 - forward[NOT_A_DIGIT]), abs=1e-6)
    assert refined[NOT_A_DIGIT] == forward[NOT_A_DIGIT]
    assert refined.sum() == pytest.approx(1, abs=1e-5)
    # Here, the views outvote the first prediction.
    assert (forward.argmax(), recognizer.predict(image).label) == (9, 3)


@pytest.mark.parametrize("digit", range(10))
def test_certain_digit_takes_one_run_of_the_network(recognizer, digit):
    assert recognizer.predict(DIGITS[digit]).label == digit
    assert recognizer.count == 1


def test_not_a_digit_takes_one_run_of_the_network(recognizer):
    noise = np.random.default_rng(0).integers(0, 256, (28, 28)).astype(np.uint8)
    assert recognizer.predict(noise).label == NOT_A_DIGIT
    assert recognizer.count == 1


def test_copies_are_turned_both_ways_and_made_wider_and_narrower():
    square = np.zeros((28, 28), np.uint8)
    square[6:22, 6:22] = 200
    left, right, wider, narrower = deformed_copies(square)
    assert {copy.max() for copy in (left, right, wider, narrower)} == {255}
    assert not (left == square).all()
    assert (left == right[:, ::-1]).all()
    sizes = [tuple(np.ptp(np.argwhere(copy > 128), axis=0) + 1) for copy in (wider, narrower)]
    assert sizes == [(16, 18), (16, 14)]


def test_copies_of_a_blank_image_are_blank():
    assert not np.any(deformed_copies(np.zeros((28, 28), np.uint8)))


def test_digits_of_a_number_get_the_predictions_of_single_digits():
    recognizer = load_base()
    strokes = row_of(0, 7, 0)
    grey = draw(strokes, share=0.5, pen=22)
    by_picture = segment_and_predict(grey, recognizer)
    by_strokes = segment_strokes(grey, place(strokes, share=0.5, pen=22), recognizer)
    for digits in (by_picture, by_strokes):
        assert all(recognizer.forward(digit.pixels).max() < CERTAIN for digit in digits)
        single = [recognizer.predict(digit.pixels) for digit in digits]
        assert [digit.prediction for digit in digits] == single


def test_explanation_is_about_the_prediction():
    recognizer = load_base()
    image = mixed(4, 3, 0.4)
    heatmap = occlusion(image, recognizer)
    row, column = np.unravel_index(heatmap.argmax(), heatmap.shape)
    occluded = image.copy()
    occluded[max(row - 2, 0) : row + 3, max(column - 2, 0) : column + 3] = 0
    label = recognizer.predict(image).label
    assert recognizer.forward(occluded)[label] < recognizer.forward(image)[label]
