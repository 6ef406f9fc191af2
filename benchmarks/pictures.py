"""The pictures that every reader is scored on."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from benchmarks import not_digits, pen
from benchmarks.photograph import photograph
from ml.decode import Grey, decode
from ml.mnist import Labelled, Mnist

UNSEEN: Final = range(16, 31)  # writers by whose drawings nothing was chosen
PHOTOS: Final = 1000
EACH: Final = 300  # of every kind that holds no digit


@dataclass(frozen=True)
class Pictures:
    """Decoded pictures; `pen_labels` belong to `pen`, and its first to `photos`."""

    mnist: Labelled
    pen: list[Grey]
    pen_labels: npt.NDArray[np.uint8]
    photos: list[Grey]
    letters: list[Grey]
    nothing: list[Grey]  # scribbles, noise, blank pages


def make_pictures(mnist: Mnist, strokes: Path) -> Pictures:
    """Draw, photograph and scribble; the same pictures each time."""
    rng = np.random.default_rng(2026)
    unseen = [d for d in pen.load(strokes / "pen_digits.ndjson.gz") if d.writer in UNSEEN]
    drawings = [unseen[i] for i in rng.permutation(len(unseen))]
    drawn = [pen.draw_at_random(drawing.strokes, rng) for drawing in drawings]
    letters = pen.load(strokes / "pen_letters.ndjson.gz")
    return Pictures(
        mnist=mnist.test,
        pen=drawn,
        pen_labels=np.array([int(drawing.label) for drawing in drawings], np.uint8),
        photos=[decode(photograph(canvas, rng)) for canvas in drawn[:PHOTOS]],
        letters=[pen.draw_at_random(letter.strokes, rng) for letter in letters],
        nothing=[decode(file) for file in not_digits.pictures(EACH, rng)],
    )
