"""Explanations: how much each part of the model input supports the prediction."""

import base64

import numpy as np
import pytest

from ml.evaluation.occlusion import PATCH_SIZE, occlusion
from ml.preprocessing.decode import decode
from ml.preprocessing.normalize import normalize
from ml.runtime import load_base
from tests.support.factories import drawing_png, number_png, png, upload


@pytest.fixture(scope="module")
def recognizer():
    return load_base()


def seven():
    """Return the model input of a drawn 7."""
    return normalize(decode(drawing_png(7)))


def test_occluding_the_most_important_part_lowers_the_confidence(recognizer):
    pixels = seven()
    heatmap = occlusion(pixels, recognizer)
    row, column = np.unravel_index(heatmap.argmax(), heatmap.shape)
    half = PATCH_SIZE // 2
    occluded = pixels.copy()
    occluded[max(row - half, 0) : row + half + 1, max(column - half, 0) : column + half + 1] = 0
    before = recognizer.predict_proba(pixels)[7]
    assert heatmap.max() > 0.01
    assert before - recognizer.predict_proba(occluded)[7] > heatmap.max() / 2


def test_areas_far_from_the_ink_have_no_influence(recognizer):
    pixels = seven()
    heatmap = occlusion(pixels, recognizer)
    ink = np.argwhere(pixels)
    (top, left), (bottom, right) = ink.min(axis=0), ink.max(axis=0)
    assert not heatmap[: max(top - PATCH_SIZE + 1, 0)].any()
    assert not heatmap[bottom + PATCH_SIZE :].any()
    assert not heatmap[:, : max(left - PATCH_SIZE + 1, 0)].any()
    assert not heatmap[:, right + PATCH_SIZE :].any()
    assert heatmap.shape == (28, 28)


def test_occlusion_does_not_change_its_input(recognizer):
    pixels = seven()
    before = pixels.copy()
    occlusion(pixels, recognizer)
    assert (pixels == before).all()


def test_returns_the_explanation_on_request(visitor, recognizer):
    body = {"image": upload(drawing_png(7)), "explain": "true"}
    heatmap = np.array(visitor.post("/api/v1/recognize/", body).json()["explanation"])
    assert heatmap == pytest.approx(occlusion(seven(), recognizer), abs=0.001)


def test_returns_an_explanation_for_each_digit(visitor):
    body = {"image": upload(number_png(4, 2)), "explain": "true"}
    digits = visitor.post("/api/v1/numbers/recognize/", body).json()["digits"]
    assert [np.array(digit["explanation"]).shape for digit in digits] == [(28, 28)] * 2


def test_returns_no_explanation_by_default(visitor):
    assert visitor.recognize(drawing_png(7)).json()["explanation"] is None


@pytest.mark.parametrize("value", ["perhaps", ""])
def test_form_rejects_other_values_of_explain(visitor, value):
    response = visitor.post("/api/v1/recognize/", {"image": upload(png(seven())), "explain": value})
    assert (response.status_code, list(response.json()["fields"])) == (400, ["explain"])


@pytest.mark.parametrize("value", [0, 1, "yes", "", None, []])
def test_json_rejects_other_values_of_explain(visitor, value):
    body = {"image": base64.b64encode(drawing_png(7)).decode(), "explain": value}
    response = visitor.post("/api/v1/recognize/", body, content_type="application/json")
    assert (response.status_code, list(response.json()["fields"])) == (400, ["explain"])
