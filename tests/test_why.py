"""Why: how much an answer hangs on each part of what the network saw."""

import base64

import numpy as np
import pytest
from kit import drawing, png, upload
from test_numbers import number

from ml.decode import decode
from ml.explain import PATCH, occlusion
from ml.normalize import normalize
from ml.runtime import BASE, Recognizer


@pytest.fixture(scope="module")
def recognizer():
    return Recognizer((BASE / "model.tflite").read_bytes())


def seven():
    return normalize(decode(drawing(7)))


def test_it_finds_the_part_without_which_the_answer_falls(recognizer):
    pixels = seven()
    heat = occlusion(pixels, recognizer)
    row, column = np.unravel_index(heat.argmax(), heat.shape)
    half = PATCH // 2
    without = pixels.copy()
    without[max(row - half, 0) : row + half + 1, max(column - half, 0) : column + half + 1] = 0
    before = recognizer.probabilities(pixels)[7]
    assert heat.max() > 0.01
    assert before - recognizer.probabilities(without)[7] > heat.max() / 2


def test_paper_explains_nothing(recognizer):
    pixels = seven()
    heat = occlusion(pixels, recognizer)
    inked = np.argwhere(pixels)
    (top, left), (bottom, right) = inked.min(axis=0), inked.max(axis=0)
    assert not heat[: max(top - PATCH + 1, 0)].any()
    assert not heat[bottom + PATCH :].any()
    assert not heat[:, : max(left - PATCH + 1, 0)].any()
    assert not heat[:, right + PATCH :].any()
    assert heat.shape == (28, 28)


def test_the_picture_stays_as_it_was(recognizer):
    pixels = seven()
    before = pixels.copy()
    occlusion(pixels, recognizer)
    assert (pixels == before).all()


def test_the_api_says_it_when_asked(visitor, recognizer):
    asked = {"image": upload(drawing(7)), "why": "true"}
    heat = np.array(visitor.post("/api/v1/recognize/", asked).json()["why"])
    assert heat == pytest.approx(occlusion(seven(), recognizer), abs=0.001)


def test_of_each_digit_of_a_number(visitor):
    asked = {"image": upload(number(4, 2)), "why": "true"}
    read = visitor.post("/api/v1/numbers/recognize/", asked).json()["digits"]
    assert [np.array(digit["why"]).shape for digit in read] == [(28, 28)] * 2


def test_not_unless_asked(visitor):
    assert visitor.recognize(drawing(7)).json()["why"] is None


@pytest.mark.parametrize("why", ["perhaps", ""])
def test_what_is_no_answer_to_the_question(visitor, why):
    response = visitor.post("/api/v1/recognize/", {"image": upload(png(seven())), "why": why})
    assert (response.status_code, list(response.json()["fields"])) == (400, ["why"])


@pytest.mark.parametrize("why", [0, 1, "yes", "", None, []])
def test_only_true_and_false_ask_for_it(visitor, why):
    body = {"image": base64.b64encode(drawing(7)).decode(), "why": why}
    response = visitor.post("/api/v1/recognize/", body, content_type="application/json")
    assert (response.status_code, list(response.json()["fields"])) == (400, ["why"])
