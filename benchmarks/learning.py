"""`make bench-learning`: measure how corrections improve the predictions, and what they cost.

Twenty writers are visitors of a new site. They draw digits, and correct or confirm each prediction.
A reviewer approves all corrections. After 50, 200, 1,000 and all of them, `manage.py retrain` runs.
Each time, the live version is evaluated on the drawings of ten other writers, which are not used
for training. A second experiment is in `single_corrector.py`. Writes `docs/learning.md`.
"""

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks import learning_report, single_corrector, site, stroke_rendering
from benchmarks.learning_report import Step
from ml.data import mnist as mnist_file
from ml.data.mnist import LabelledImages
from ml.preprocessing.normalize import normalize

CORRECTING_WRITERS: Final = range(1, 21)
EVALUATION_WRITERS: Final = range(21, 31)
CORRECTION_COUNTS: Final = (50, 200, 1000, 5000)
SEED: Final = 2026


def main() -> None:
    """Run both experiments, write the report and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("mnist", type=Path)
    parser.add_argument("strokes", type=Path, help="folder that contains pen_digits")
    options = parser.parse_args()
    test = mnist_file.load(options.mnist).test
    drawings = stroke_rendering.load(options.strokes / "pen_digits.ndjson.gz")
    with tempfile.TemporaryDirectory() as folder:
        site.set_up(Path(folder), options.mnist)
        squares = single_corrector.run_single_corrector(test)
        site.reset()
        steps = run_steps(drawings, test)
    print(learning_report.write(steps, squares))


def run_steps(drawings: list[stroke_rendering.Drawing], test: LabelledImages) -> list[Step]:
    """Retrain and evaluate the live version at each number of corrections, starting with 0."""
    rng = np.random.default_rng(SEED)
    evaluation = _model_inputs([d for d in drawings if d.writer in EVALUATION_WRITERS], rng)
    corrected = [d for d in drawings if d.writer in CORRECTING_WRITERS]
    corrected = [corrected[i] for i in rng.permutation(len(corrected))]
    visitors = {writer: site.Visitor(f"writer {writer}") for writer in CORRECTING_WRITERS}
    steps = [_evaluate(0, None, evaluation, test)]
    for before, after in zip((0, *CORRECTION_COUNTS), CORRECTION_COUNTS, strict=False):
        for drawing in corrected[before:after]:
            canvas = stroke_rendering.draw_at_random(drawing.strokes, rng)
            site.approve(visitors[drawing.writer].correct(canvas, int(drawing.label)))
        result = site.retrain()
        print(result.outcome["decision"], result.outcome["reason"], file=sys.stderr)
        steps.append(_evaluate(min(after, len(corrected)), result, evaluation, test))
    return steps


def _evaluate(
    correction_count: int,
    retrain_result: site.RetrainResult | None,
    evaluation: LabelledImages,
    test: LabelledImages,
) -> Step:
    return Step(
        correction_count,
        retrain_result,
        unseen_accuracy=site.live_accuracy(evaluation),
        mnist_accuracy=site.live_accuracy(test),
    )


def _model_inputs(
    drawings: list[stroke_rendering.Drawing], rng: np.random.Generator
) -> LabelledImages:
    canvases = [stroke_rendering.draw_at_random(drawing.strokes, rng) for drawing in drawings]
    labels = [int(drawing.label) for drawing in drawings]
    return LabelledImages(
        np.stack([normalize(canvas) for canvas in canvases]), np.array(labels, np.uint8)
    )


if __name__ == "__main__":
    main()
