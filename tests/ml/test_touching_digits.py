"""Touching digits of a picture are cut apart; single digits and letters are not."""

import numpy as np
import pytest

from benchmarks.numbers import side_by_side
from ml.preprocessing.segmentation import segment_and_predict
from ml.runtime import BASE, NOT_A_DIGIT, Recognizer, load_base
from tests.support.synthetic_digits import draw, row_of


@pytest.fixture(scope="module")
def split():
    """Return a function that splits a picture into digits."""
    recognizer = load_base()
    return lambda grey, **options: segment_and_predict(grey, recognizer, **options)


def text(digits):
    return "".join(str(digit.prediction.label) for digit in digits)


@pytest.mark.parametrize(("first", "second", "gap"), [(6, 9, -4), (7, 3, -14), (5, 3, -24)])
def test_cuts_touching_digits_apart(split, first, second, gap):
    grey = draw(row_of(first, second, gap=gap), share=0.8, pen=14)
    assert text(split(grey)) == f"{first}{second}"
    assert len(split(grey, cut_touching=False)) == 1


def test_digits_share_the_ink_near_the_cut(split):
    grey = draw(row_of(7, 3, gap=-14), share=0.8, pen=14)
    left, right = (digit.mask for digit in split(grey))
    ink = grey < 128
    assert (left | right)[ink].all()
    assert 0 < (left & right & ink).sum() < 0.3 * ink.sum()


def next_to(left, right):
    """Return the strokes of both, apart from each other."""
    shift = max(x for stroke in left for x, _ in stroke) + 60
    return [*left, *([[x + shift, y] for x, y in stroke] for stroke in right)]


def test_cuts_touching_digits_of_a_longer_number(split):
    strokes = next_to(row_of(6, 9, gap=-4), row_of(2))
    assert text(split(draw(strokes, share=0.9, pen=10))) == "692"


@pytest.mark.parametrize(("first", "second", "gap"), [(0, 6, -10), (5, 0, -10), (5, 6, -20)])
def test_cuts_ink_that_is_too_wide_for_one_digit_next_to_digits(split, first, second, gap):
    joined = row_of(first, second, gap=gap, seed=4)
    wide = [[[1.6 * x, y] for x, y in stroke] for stroke in joined]
    number = draw(next_to(wide, row_of(7, 3)), share=0.9, pen=10)
    assert text(split(number)) == f"{first}{second}73"


def test_cuts_four_touching_digits_apart(split):
    grey = draw(row_of(6, 9, 7, 3, gap=-6), share=0.9, pen=8)
    assert text(split(grey)) == "6973"


def test_one_digit_of_a_longer_number_may_be_unknown(split):
    letter = [[[0, 100], [50, 0], [100, 100]], [[20, 60], [80, 60]]]  # A
    short, longer = (next_to(row_of(*digits), letter) for digits in ((4, 2), (4, 2, 7)))
    assert [digit.prediction.label for digit in split(draw(short, share=0.9))] == [NOT_A_DIGIT]
    labels = [digit.prediction.label for digit in split(draw(longer, share=0.9))]
    assert labels == [4, 2, 7, NOT_A_DIGIT]


def test_many_groups_are_not_cut():
    """Otherwise, a picture of many letters would take too long."""
    calls = []

    class Counting(Recognizer):
        def predict_proba(self, pixels):
            calls.append(pixels)
            return super().predict_proba(pixels)

    square = [[0, 0], [100, 0], [100, 100], [0, 100], [0, 0]]
    row = [[[x + 250 * i, y] for x, y in square] for i in range(11)]
    grey = draw(row, size=1024, share=0.95, pen=6)
    segment_and_predict(grey, Counting((BASE / "model.tflite").read_bytes()))
    assert len(calls) < 100


@pytest.mark.parametrize("pen", [8, 26])
def test_single_digits_stay_whole(split, pen):
    for digit in range(10):
        assert len(split(draw(row_of(digit), share=0.7, pen=pen))) == 1


def test_cuts_most_touching_pairs_of_real_digits(split, real_digits):
    rng = np.random.default_rng(6)
    correct = 0
    for _ in range(40):
        first = real_digits[rng.integers(len(real_digits))]
        second = real_digits[rng.integers(len(real_digits))]
        strokes = side_by_side(first["strokes"], second["strokes"], 200 * rng.uniform(-0.1, 0))
        found = text(split(draw(strokes, share=0.75, pen=14)))
        correct += found == f"{first['digit']}{second['digit']}"
    assert correct >= 24


def test_most_real_letters_stay_whole(split, real_letters):
    found = [split(draw(letter["strokes"])) for letter in real_letters[:200]]
    assert sum(len(digits) > 1 for digits in found) <= 10
    assert any(digits[0].prediction.label == NOT_A_DIGIT for digits in found)
