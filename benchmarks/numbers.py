"""`make bench-numbers`: measure the accuracy on two-digit numbers.

Both digits of a number are drawn by the same writer. The parameters of
`ml/preprocessing/segmentation.py` were chosen on writers 1 to 15. Without `--tune`, the results are
for the other writers. Single digits and letters are measured as well.
"""

import argparse
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks import stroke_rendering
from benchmarks.pictures import HELD_OUT_WRITERS
from benchmarks.stroke_rendering import Canvas, Drawing, Strokes
from ml.preprocessing.normalize import normalize
from ml.preprocessing.segmentation import segment_and_predict
from ml.runtime import BASE, Recognizer

TUNING_WRITERS: Final = range(1, 16)  # the segmentation's parameters were chosen on their drawings
NUMBER_COUNT: Final = 1000
SINGLE_DIGIT_COUNT: Final = 1000
SEED: Final = 2026
DIGIT_HEIGHT: Final = 200  # of every digit in the data, in the units of its strokes
# The range of gaps between the strokes of the two digits, in heights of a digit. The width of the
# pen makes them narrower.
GAPS: Final = {"side by side": (0.15, 0.5), "close or touching": (-0.05, 0.1)}
SHARE: Final = (0.6, 0.9)  # range of the number's longer side, as a share of the canvas
PEN_WIDTH: Final = (10, 20)  # range in pixels; the page's pen is 18 pixels wide


def main() -> None:
    """Draw numbers, single digits and letters, predict them, and print the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "strokes", type=Path, help="folder that contains pen_digits and pen_letters"
    )
    parser.add_argument("--tune", action="store_true", help="use writers 1 to 15")
    options = parser.parse_args()
    recognizer = Recognizer((BASE / "model.tflite").read_bytes())
    writers = TUNING_WRITERS if options.tune else HELD_OUT_WRITERS
    print(f"writers {writers[0]} to {writers[-1]}")
    drawings = stroke_rendering.load(options.strokes / "pen_digits.ndjson.gz")
    drawings = [drawing for drawing in drawings if drawing.writer in writers]
    rng = np.random.default_rng(SEED)
    for name, gap in GAPS.items():
        report_numbers(name, list(numbers(drawings, gap, rng)), recognizer)
    chosen = rng.permutation(len(drawings))[:SINGLE_DIGIT_COUNT]
    report_single_digits([drawings[i] for i in chosen], recognizer, rng)
    letters = stroke_rendering.load(options.strokes / "pen_letters.ndjson.gz")
    # Every second letter is for tuning, and the others are for the results.
    report_letters(letters[not options.tune :: 2], recognizer, rng)


def numbers(
    drawings: list[Drawing], gap: tuple[float, float], rng: np.random.Generator
) -> Iterable[tuple[str, Canvas]]:
    """Yield random two-digit numbers: the text, and a drawing by a single writer."""
    for _ in range(NUMBER_COUNT):
        first = drawings[rng.integers(len(drawings))]
        same_writer = [drawing for drawing in drawings if drawing.writer == first.writer]
        second = same_writer[rng.integers(len(same_writer))]
        strokes = side_by_side(first.strokes, second.strokes, DIGIT_HEIGHT * rng.uniform(*gap))
        yield (
            first.label + second.label,
            stroke_rendering.draw(strokes, share=rng.uniform(*SHARE), pen=rng.uniform(*PEN_WIDTH)),
        )


def side_by_side(first: Strokes, second: Strokes, gap: float) -> Strokes:
    """Place both digits on the same baseline, with `gap` between them."""
    left, right = (np.concatenate([np.array(stroke) for stroke in s]) for s in (first, second))
    dx = left[:, 0].max() + gap - right[:, 0].min()
    dy = left[:, 1].max() - right[:, 1].max()
    return [*first, *([[x + dx, y + dy] for x, y in stroke] for stroke in second)]


def report_numbers(name: str, drawn: list[tuple[str, Canvas]], recognizer: Recognizer) -> None:
    """Print how many numbers are correct, and how many are split into two digits."""
    started = time.perf_counter()
    found = [segment_and_predict(canvas, recognizer) for _, canvas in drawn]
    milliseconds = 1000 * (time.perf_counter() - started) / len(drawn)
    predicted = ["".join(str(digit.prediction.label) for digit in digits) for digits in found]
    correct = sum(text == label for text, (label, _) in zip(predicted, drawn, strict=True))
    two = sum(len(digits) == 2 for digits in found)
    print(f"{name}: {percent(correct, len(drawn))} of {len(drawn)} numbers are correct;")
    print(f"    {percent(two, len(drawn))} have two digits; {milliseconds:.1f} ms each")


def report_single_digits(
    drawings: list[Drawing], recognizer: Recognizer, rng: np.random.Generator
) -> None:
    """Print for how many single digits segmentation does not change the prediction."""
    canvases = [stroke_rendering.draw_at_random(drawing.strokes, rng) for drawing in drawings]
    same = 0
    for canvas in canvases:
        digits = segment_and_predict(canvas, recognizer)
        predictions = [digit.prediction for digit in digits]
        same += predictions == [recognizer.predict(normalize(canvas))]
    print(f"single digits with the same prediction: {percent(same, len(drawings))}")


def report_letters(
    letters: list[Drawing], recognizer: Recognizer, rng: np.random.Generator
) -> None:
    """Print how many letters are split into several digits."""
    canvases = [stroke_rendering.draw_at_random(letter.strokes, rng) for letter in letters]
    split = sum(len(segment_and_predict(canvas, recognizer)) > 1 for canvas in canvases)
    print(f"letters predicted as multi-digit numbers: {percent(split, len(canvases))}")


def percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.2f}%"


if __name__ == "__main__":
    main()
