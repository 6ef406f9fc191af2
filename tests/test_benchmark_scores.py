"""The figures of the model card are computed as its table says."""

import gzip
import json

import numpy as np
import pytest
from handwriting import strokes_of

from benchmarks import not_digits, pen
from benchmarks.baseline import plain_resize
from benchmarks.model_card import NAMES, score_rows
from benchmarks.readers import Result, normalized, ours
from benchmarks.scores import auroc, calibration_error, threshold
from ml.decode import decode
from ml.runtime import BASE, NOT_A_DIGIT, Recognizer


def test_calibration_error():
    """100 answers with a confidence of 0.9: as many right, none right, half of them right."""
    sure = np.full(100, 0.9)
    for right, error in ((90, 0), (0, 0.9), (50, 0.4)):
        assert calibration_error(sure, np.arange(100) < right) == pytest.approx(error)


def test_calibration_error_does_not_even_out_between_bins():
    confidence = np.repeat([0.25, 0.75], 50)
    right = np.arange(100) < 50  # all of the unsure ones, none of the sure ones
    assert calibration_error(confidence, right) == pytest.approx(0.75)


def test_threshold_keeps_98_of_100():
    scores = np.linspace(0, 1, 1001)
    assert (scores >= threshold(scores)).mean() == pytest.approx(0.98, abs=0.002)


@pytest.mark.parametrize(
    ("digits", "others", "expected"),
    [([3, 4], [1, 2], 1), ([1, 2], [3, 4], 0), ([1, 1], [1, 1], 0.5), ([2, 4], [1, 3], 0.75)],
)
def test_auroc(digits, others, expected):
    assert auroc(np.array(digits, float), np.array(others, float)) == expected


def test_drawings_are_read_from_a_file_and_drawn_on_a_canvas(tmp_path):
    path, rng = tmp_path / "drawings.ndjson.gz", np.random.default_rng(0)
    row = {"digit": 7, "writer": 3, "strokes": strokes_of(7, rng)}
    with gzip.open(path, "wt") as file:
        file.write(json.dumps(row) + "\n")
    (drawing,) = pen.load(path)
    assert (drawing.label, drawing.writer) == ("7", 3)
    canvas = pen.draw_at_random(drawing.strokes, rng)
    assert canvas.shape == (280, 280)
    assert canvas[[0, -1]].min() == 255  # nothing is cut off
    assert 0.01 < (canvas < 128).mean() < 0.3


def test_hardly_a_picture_without_a_digit_is_taken_for_one():
    recognizer = Recognizer((BASE / "model.tflite").read_bytes())
    files = not_digits.pictures(10, np.random.default_rng(1))
    answers = ours(recognizer, [normalized(decode(file)) for file in files]).answers
    assert len(files) == 70
    assert (answers == NOT_A_DIGIT).mean() > 0.95


def test_the_baseline_sees_all_of_the_canvas_inverted():
    canvas = np.full((280, 280), 255, np.uint8)
    canvas[:140] = 0
    seen = plain_resize(canvas)
    assert seen.shape == (28, 28)
    assert (seen[:12] == 255).all()
    assert (seen[16:] == 0).all()


def test_the_table_has_means_with_their_spread():
    results = [Result(*[share] * len(NAMES)) for share in (0.98, 0.99, 1.0)]
    rows = {row[0]: row[1:] for row in score_rows(results[:1], results)}
    assert rows[NAMES["pen"]] == ("98.00%", "99.00% (98.00% to 100.00%)")
    assert rows[NAMES["auroc"]][0] == "0.9800"
