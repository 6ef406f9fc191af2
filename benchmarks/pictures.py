"""Make the images on which all recognizers are scored."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks import negative_images, stroke_rendering
from benchmarks.photo_synthesis import photograph
from ml.arrays import GreyImage, Labels
from ml.data.mnist import LabelledImages, Mnist
from ml.preprocessing.decode import decode

HELD_OUT_WRITERS: Final = range(16, 31)
PHOTO_COUNT: Final = 1000
NEGATIVES_PER_KIND: Final = 300
SEED: Final = 2026


@dataclass(frozen=True)
class Pictures:
    """The decoded images.

    `pen_labels` are the labels of `pen`. `photos` show the first drawings of `pen`, in order.
    """

    mnist: LabelledImages
    pen: list[GreyImage]
    pen_labels: Labels
    photos: list[GreyImage]
    letters: list[GreyImage]
    negatives: list[GreyImage]  # scribbles, noise and blank pages


def make_pictures(mnist: Mnist, strokes: Path) -> Pictures:
    """Return the images. They are the same each time.

    The drawings and the photos are by the held-out writers. The folder `strokes` contains
    pen_digits and pen_letters.
    """
    rng = np.random.default_rng(SEED)
    held_out = [
        drawing
        for drawing in stroke_rendering.load(strokes / "pen_digits.ndjson.gz")
        if drawing.writer in HELD_OUT_WRITERS
    ]
    drawings = [held_out[i] for i in rng.permutation(len(held_out))]
    pen = [stroke_rendering.draw_at_random(drawing.strokes, rng) for drawing in drawings]
    letters = stroke_rendering.load(strokes / "pen_letters.ndjson.gz")
    return Pictures(
        mnist=mnist.test,
        pen=pen,
        pen_labels=np.array([int(drawing.label) for drawing in drawings], np.uint8),
        photos=[decode(photograph(canvas, rng)) for canvas in pen[:PHOTO_COUNT]],
        letters=[stroke_rendering.draw_at_random(letter.strokes, rng) for letter in letters],
        negatives=[decode(file) for file in negative_images.make_files(NEGATIVES_PER_KIND, rng)],
    )
