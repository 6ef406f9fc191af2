"""The server draws strokes as the page's canvas does, so both lead to the same prediction."""

import base64

import numpy as np

from ml.preprocessing.decode import decode
from ml.preprocessing.normalize import normalize
from ml.preprocessing.stroke_rendering import CANVAS_SIDE, draw_strokes
from ml.runtime import load_base
from tests.support.synthetic_digits import strokes_of

DRAWINGS = 60
# Pixels on an edge differ, because each program rounds a line's position in its own way.
MAX_MEAN_EDGE_DIFFERENCE = 25  # of 255: a tenth of a pixel

DRAW_ON_CANVAS = """async (strokes) => {
  const { toImage } = await import("/static/recognizer/canvas.js");
  return toImage(strokes);
}"""


def random_drawing(number):
    """Return the strokes of a digit as the API takes them, with any size, place and width."""
    rng = np.random.default_rng(number)
    drawn = strokes_of(number % 10, rng)
    points = np.concatenate([np.array(stroke) for stroke in drawn])
    scale = CANVAS_SIDE * rng.uniform(0.3, 0.9) / np.ptp(points, axis=0).max()
    shift = CANVAS_SIDE / 2 + rng.uniform(-30, 30, 2)
    width, has_pressure = float(rng.choice([11, 18, 26])), number % 3 == 0
    strokes = []
    for stroke in drawn:
        placed = ((np.array(stroke) - points.mean(axis=0)) * scale + shift).round(1)
        swing = 0.4 * np.sin(np.arange(len(placed)) / 4) * has_pressure
        widths = (width * (1 + swing)).round(1)
        strokes.append(
            [[x, y, 0, w] for (x, y), w in zip(placed.tolist(), widths.tolist(), strict=True)]
        )
    return strokes


def as_the_page_keeps_it(stroke):
    widths = {point[3] for point in stroke}
    if len(widths) == 1:
        return {"width": widths.pop(), "points": [point[:3] for point in stroke]}
    # The page draws a width of 1 with the pressure p as 0.5 + p.
    return {"width": 1, "points": [[x, y, t, width - 0.5] for x, y, t, width in stroke]}


def test_leads_to_the_same_prediction(page):
    recognizer = load_base()
    edge_differences = []
    for number in range(DRAWINGS):
        strokes = random_drawing(number)
        url = page.evaluate(DRAW_ON_CANVAS, [as_the_page_keeps_it(stroke) for stroke in strokes])
        by_page = decode(base64.b64decode(url.partition(",")[2]))
        by_server = draw_strokes(strokes)
        edge = (by_page > 0) & (by_page < 255)
        edge_differences.append(np.abs(by_page.astype(int) - by_server)[edge].mean())
        predictions = [recognizer.predict(normalize(each)) for each in (by_page, by_server)]
        assert predictions[0].label == predictions[1].label, number
        assert abs(predictions[0].confidence - predictions[1].confidence) < 0.1, number
    assert np.mean(edge_differences) < MAX_MEAN_EDGE_DIFFERENCE
