"""`make bench-learning`: does the site read better what people corrected, and what does it cost?

Twenty writers are twenty visitors: they draw, say what it is, and a reviewer approves. After some
of the corrections `manage.py retrain` runs as an operator would run it, and the live version is
judged on ten writers whom nobody has seen. Writes `docs/learning.md`.
"""

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks import beginner, learning_report, pen, site
from benchmarks.learning_report import Step
from ml import mnist as mnist_file
from ml.decode import Grey
from ml.mnist import Labelled
from ml.normalize import normalize

TEACHERS: Final = range(1, 21)  # writers
UNSEEN: Final = range(21, 31)
CORRECTIONS: Final = (50, 200, 1000, 5000)


def main() -> None:
    """Teach, retrain, judge, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("mnist", type=Path)
    parser.add_argument("strokes", type=Path, help="folder of pen_digits")
    options = parser.parse_args()
    test = mnist_file.load(options.mnist).test
    drawings = pen.load(options.strokes / "pen_digits.ndjson.gz")
    with tempfile.TemporaryDirectory() as folder:
        site.set_up(Path(folder), options.mnist)
        square = beginner.ten_squares(test)
        site.empty()
        steps = learn(drawings, test)
    print(learning_report.write(steps, square))


def learn(drawings: list[pen.Drawing], test: Labelled) -> list[Step]:
    """The live version after none, some and all of the corrections."""
    rng = np.random.default_rng(2026)
    unseen = _seen_by_the_network([d for d in drawings if d.writer in UNSEEN], rng)
    lessons = [d for d in drawings if d.writer in TEACHERS]
    lessons = [lessons[i] for i in rng.permutation(len(lessons))]
    visitors = {writer: site.Visitor(f"writer {writer}") for writer in TEACHERS}
    steps = [_judged(0, None, unseen, test)]
    for before, after in zip((0, *CORRECTIONS), CORRECTIONS, strict=False):
        for lesson in lessons[before:after]:
            canvas = pen.draw_at_random(lesson.strokes, rng)
            site.approve(visitors[lesson.writer].correct(canvas, int(lesson.label)))
        retraining = site.retrain()
        print(retraining.outcome["decision"], retraining.outcome["reason"], file=sys.stderr)
        steps.append(_judged(min(after, len(lessons)), retraining, unseen, test))
    return steps


def _judged(
    corrections: int, retraining: site.Retraining | None, unseen: Labelled, test: Labelled
) -> Step:
    return Step(corrections, retraining, site.read_rightly(unseen), site.read_rightly(test))


def _seen_by_the_network(drawings: list[pen.Drawing], rng: np.random.Generator) -> Labelled:
    canvases: list[Grey] = [pen.draw_at_random(drawing.strokes, rng) for drawing in drawings]
    return Labelled(
        np.stack([normalize(canvas) for canvas in canvases]),
        np.array([int(drawing.label) for drawing in drawings], np.uint8),
    )


if __name__ == "__main__":
    main()
