"""`make bench-numbers`: how well two digits by the same writer, side by side, are read as a number.

Nothing in `ml/segment.py` was chosen by the writers that are reported: only by writers 1 to 15.
"""

import argparse
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks import pen
from benchmarks.pen import Canvas, Drawing, Strokes
from benchmarks.pictures import UNSEEN
from ml.normalize import normalize
from ml.runtime import BASE, Recognizer
from ml.segment import read_digits

CHOSEN_ON: Final = range(1, 16)  # writers by whose drawings the segmentation was tuned
NUMBERS: Final = 1000
SINGLES: Final = 1000
# Between the strokes of the two digits, in heights of a digit; the pen's width comes off it.
APART: Final = (0.15, 0.5)
TOUCHING: Final = (-0.05, 0.1)
SHARE: Final = (0.6, 0.9)  # of the canvas that a number covers
PEN: Final = (10, 20)  # pixels; the page's is 18
HEIGHT: Final = 200  # of every digit that comes from the data


def main() -> None:
    """Draw, read and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("strokes", type=Path, help="folder of pen_digits and pen_letters")
    parser.add_argument("--tune", action="store_true", help="on the writers it was chosen by")
    options = parser.parse_args()
    recognizer = Recognizer((BASE / "model.tflite").read_bytes())
    writers = CHOSEN_ON if options.tune else UNSEEN
    drawings = [
        drawing
        for drawing in pen.load(options.strokes / "pen_digits.ndjson.gz")
        if drawing.writer in writers
    ]
    rng = np.random.default_rng(2026)
    print(f"writers {writers[0]} to {writers[-1]}")
    for name, gap in (("side by side", APART), ("close or touching", TOUCHING)):
        report_numbers(name, list(numbers(drawings, gap, rng)), recognizer)
    report_singles([drawings[i] for i in rng.permutation(len(drawings))[:SINGLES]], recognizer, rng)
    letters = pen.load(options.strokes / "pen_letters.ndjson.gz")[not options.tune :: 2]
    pictures = [pen.draw_at_random(letter.strokes, rng) for letter in letters]
    split = sum(len(read_digits(picture, recognizer)) > 1 for picture in pictures)
    print(f"letters taken for numbers: {share(split, len(pictures))}")


def numbers(
    drawings: list[Drawing], gap: tuple[float, float], rng: np.random.Generator
) -> Iterable[tuple[str, Canvas]]:
    """Two digits by one writer as drawn on one canvas, each pair of digits as likely."""
    for _ in range(NUMBERS):
        first = drawings[rng.integers(len(drawings))]
        others = [drawing for drawing in drawings if drawing.writer == first.writer]
        second = others[rng.integers(len(others))]
        strokes = side_by_side(first.strokes, second.strokes, HEIGHT * rng.uniform(*gap))
        yield (
            first.label + second.label,
            pen.draw(strokes, share=rng.uniform(*SHARE), pen=rng.uniform(*PEN)),
        )


def side_by_side(first: Strokes, second: Strokes, gap: float) -> Strokes:
    """Both on the same line, `gap` between the first one's right and the second one's left end."""
    left, right = (np.concatenate([np.array(stroke) for stroke in s]) for s in (first, second))
    dx = left[:, 0].max() + gap - right[:, 0].min()
    dy = left[:, 1].max() - right[:, 1].max()
    return [*first, *([[x + dx, y + dy] for x, y in stroke] for stroke in second)]


def report_numbers(name: str, drawn: list[tuple[str, Canvas]], recognizer: Recognizer) -> None:
    """How many are read rightly as a whole, and how many have the right number of digits."""
    started = time.perf_counter()
    read = [read_digits(canvas, recognizer) for _, canvas in drawn]
    each = (time.perf_counter() - started) / len(drawn)
    answers = ["".join(str(digit.reading.answer) for digit in digits) for digits in read]
    right = sum(a == label for a, (label, _) in zip(answers, drawn, strict=True))
    two = sum(len(digits) == 2 for digits in read)
    print(f"{name}: {share(right, len(drawn))} of {len(drawn)} numbers read rightly;")
    print(f"    two digits found in {share(two, len(drawn))}; {1000 * each:.1f} ms each")


def report_singles(
    drawings: list[Drawing], recognizer: Recognizer, rng: np.random.Generator
) -> None:
    """How many single digits are still read as one, and as they were."""
    pictures = [pen.draw_at_random(drawing.strokes, rng) for drawing in drawings]
    before = [recognizer.read(normalize(picture)) for picture in pictures]
    after = [[digit.reading for digit in read_digits(picture, recognizer)] for picture in pictures]
    same = sum([b] == a for b, a in zip(before, after, strict=True))
    print(f"single digits read as before: {share(same, len(drawings))}")


def share(part: int, whole: int) -> str:
    """In percent."""
    return f"{100 * part / whole:.2f} %"


if __name__ == "__main__":
    main()
