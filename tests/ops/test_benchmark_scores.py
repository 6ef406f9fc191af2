"""The metrics on the model card are computed correctly."""

import gzip
import json

import numpy as np
import pytest

from benchmarks import negative_images, stroke_rendering
from benchmarks.baseline import plain_resize
from benchmarks.model_card import ROW_NAMES, score_rows
from benchmarks.scores import auroc, calibration_error, threshold
from benchmarks.scoring import Result, normalize_or_none, predict_ours
from ml.preprocessing.decode import decode
from ml.runtime import NOT_A_DIGIT, load_base
from tests.support.synthetic_digits import strokes_of


def test_calibration_error_compares_confidence_with_accuracy():
    """All predictions have a confidence of 0.9. Of 100, 90, none or 50 are correct."""
    confidence = np.full(100, 0.9)
    for correct, error in ((90, 0), (0, 0.9), (50, 0.4)):
        assert calibration_error(confidence, np.arange(100) < correct) == pytest.approx(error)


def test_calibration_errors_of_bins_do_not_cancel_out():
    confidence = np.repeat([0.25, 0.75], 50)
    correct = np.arange(100) < 50  # only those with low confidence
    assert calibration_error(confidence, correct) == pytest.approx(0.75)


def test_threshold_accepts_98_of_100_digits():
    scores = np.linspace(0, 1, 1001)
    assert (scores >= threshold(scores)).mean() == pytest.approx(0.98, abs=0.002)


@pytest.mark.parametrize(
    ("digits", "others", "expected"),
    [([3, 4], [1, 2], 1), ([1, 2], [3, 4], 0), ([1, 1], [1, 1], 0.5), ([2, 4], [1, 3], 0.75)],
)
def test_auroc_is_the_share_of_ordered_pairs(digits, others, expected):
    assert auroc(np.array(digits, float), np.array(others, float)) == expected


def test_loads_and_renders_drawings(tmp_path):
    path, rng = tmp_path / "drawings.ndjson.gz", np.random.default_rng(0)
    row = {"digit": 7, "writer": 3, "strokes": strokes_of(7, rng)}
    with gzip.open(path, "wt") as file:
        file.write(json.dumps(row) + "\n")
    (drawing,) = stroke_rendering.load(path)
    assert (drawing.label, drawing.writer) == ("7", 3)
    canvas = stroke_rendering.draw_at_random(drawing.strokes, rng)
    assert canvas.shape == (280, 280)
    assert canvas[[0, -1]].min() == 255  # Nothing is cut off.
    assert 0.01 < (canvas < 128).mean() < 0.3


def test_rejects_nearly_all_negative_images():
    recognizer = load_base()
    files = negative_images.make_files(10, np.random.default_rng(1))
    model_inputs = [normalize_or_none(decode(file)) for file in files]
    labels = predict_ours(recognizer, model_inputs).labels
    assert len(files) == 70
    assert (labels == NOT_A_DIGIT).mean() > 0.95


def test_baseline_shrinks_and_inverts_the_whole_canvas():
    canvas = np.full((280, 280), 255, np.uint8)
    canvas[:140] = 0
    pixels = plain_resize(canvas)
    assert pixels.shape == (28, 28)
    assert (pixels[:12] == 255).all()
    assert (pixels[16:] == 0).all()


def test_table_shows_means_with_their_range():
    results = [Result(*[share] * len(ROW_NAMES)) for share in (0.98, 0.99, 1.0)]
    rows = {row[0]: row[1:] for row in score_rows(results[:1], results)}
    assert rows[ROW_NAMES["pen"]] == ("98.00%", "99.00% (98.00% to 100.00%)")
    assert rows[ROW_NAMES["auroc"]][0] == "0.9800"
