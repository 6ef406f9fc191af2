"""`make bench-pictures`: measure the accuracy on pictures as people bring them.

The parameters of `ml/preprocessing` were chosen on the digits of writers 1 to 15. Without `--tune`,
the results are for the other writers.
"""

import argparse
import time
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks import stroke_rendering
from benchmarks.numbers import TUNING_WRITERS
from benchmarks.photo_synthesis import photograph
from benchmarks.picture_kinds import KINDS
from benchmarks.picture_painting import Kind
from benchmarks.pictures import HELD_OUT_WRITERS
from benchmarks.stroke_rendering import Strokes
from ml.preprocessing.decode import BadImageError, decode
from ml.preprocessing.normalize import normalize
from ml.preprocessing.picture_ink import clean
from ml.preprocessing.segmentation import segment_and_predict
from ml.runtime import BASE, Recognizer

SEED: Final = 2026


def main() -> None:
    """Make the pictures of each kind, predict them, and print the rates."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("strokes", type=Path, help="folder that contains pen_digits")
    parser.add_argument("--tune", action="store_true", help="use writers 1 to 15")
    parser.add_argument("--count", type=int, default=100, help="pictures of each kind")
    parser.add_argument("--kinds", nargs="*", help="the kinds to measure; all by default")
    options = parser.parse_args()
    recognizer = Recognizer((BASE / "model.tflite").read_bytes())
    writers = TUNING_WRITERS if options.tune else HELD_OUT_WRITERS
    drawings = [
        drawing
        for drawing in stroke_rendering.load(options.strokes / "pen_digits.ndjson.gz")
        if drawing.writer in writers
    ]
    print(f"writers {writers[0]} to {writers[-1]}: kind, one digit, number, time of cleaning")
    kinds: dict[str, Kind] = {**KINDS, "mixed_photo": _mixed_photo}
    for name in options.kinds or kinds:
        rng = np.random.default_rng(SEED)
        single = number = 0
        seconds = 0.0
        for index in rng.permutation(len(drawings))[: options.count]:
            drawing = drawings[index]
            grey = decode(kinds[name](drawing.strokes, rng))
            started = time.process_time()
            try:
                cleaned = clean(grey).grey
                seconds += time.process_time() - started
                single += str(recognizer.predict(normalize(cleaned)).label) == drawing.label
                digits = segment_and_predict(cleaned, recognizer)
            except BadImageError:
                continue
            number += "".join(str(digit.prediction.label) for digit in digits) == drawing.label
        shares = [f"{100 * right / options.count:5.1f}%" for right in (single, number)]
        print(f"{name:<22} {' '.join(shares)} {1000 * seconds / options.count:6.1f} ms", flush=True)


def _mixed_photo(strokes: Strokes, rng: np.random.Generator) -> bytes:
    return photograph(stroke_rendering.draw_at_random(strokes, rng), rng)


if __name__ == "__main__":
    main()
