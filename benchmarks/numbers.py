"""`make bench-numbers`: measure the accuracy on numbers of several digits and on pages.

All digits of a number are drawn by the same writer. The parameters of the segmentation, with and
without strokes, were chosen on writers 1 to 15. Without `--tune`, the results are for the other
writers. Single digits, letters and pages of eight rows of four digits are measured as well.
"""

import argparse
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks import pages, stroke_rendering
from benchmarks.pictures import HELD_OUT_WRITERS
from benchmarks.stroke_rendering import Drawing, Strokes, paint
from ml.preprocessing.normalize import normalize
from ml.preprocessing.segmentation import segment_and_predict
from ml.preprocessing.segmented_digit import SegmentedDigit
from ml.preprocessing.stroke_segmentation import segment_strokes
from ml.runtime import BASE, Recognizer

TUNING_WRITERS: Final = range(1, 16)  # the segmentation's parameters were chosen on their drawings
NUMBER_COUNT: Final = 1000
SINGLE_DIGIT_COUNT: Final = 1000
PAGE_COUNT: Final = 25
SEED: Final = 2026
DIGIT_HEIGHT: Final = 200  # of every digit in the data, in the units of its strokes
# The ranges of the number of digits, and of the gaps between their strokes, in heights of a digit.
# The width of the pen makes the gaps narrower. A negative gap is an overlap.
KINDS: Final = {
    "apart": ((2, 2), (0.15, 0.5)),
    "touching": ((2, 2), (-0.1, 0.0)),
    "overlapping": ((2, 2), (-0.2, -0.2)),
    "three to six digits": ((3, 6), (-0.05, 0.4)),
}
SHARE: Final = (0.6, 0.9)  # range of the number's longer side, as a share of the canvas
PEN_WIDTH: Final = (10, 20)  # range in pixels, for two digits; the page's pen is 18 pixels wide

Segment = Callable[[Strokes], list[SegmentedDigit]]


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
    letters = stroke_rendering.load(options.strokes / "pen_letters.ndjson.gz")
    # Every second letter is for tuning, and the others are for the results.
    letters = letters[not options.tune :: 2]
    rng = np.random.default_rng(SEED)
    samples = {name: list(numbers(drawings, *ranges, rng)) for name, ranges in KINDS.items()}
    chosen = [drawings[i] for i in rng.permutation(len(drawings))[:SINGLE_DIGIT_COUNT]]
    digits, letters = (
        [
            replace(each, strokes=stroke_rendering.place_at_random(each.strokes, rng))
            for each in group
        ]
        for group in (chosen, letters)
    )
    ways: dict[str, Segment] = {
        "with strokes": lambda strokes: segment_strokes(paint(strokes), strokes, recognizer),
        "as pictures": lambda strokes: segment_and_predict(paint(strokes), recognizer),
    }
    for way, segment in ways.items():
        print(way)
        for name, drawn in samples.items():
            report_numbers(name, drawn, segment)
        report_single_digits(digits, segment, recognizer)
        split = sum(len(segment(letter.strokes)) > 1 for letter in letters)
        print(f"    letters split into several digits: {percent(split, len(letters))}")
    report_pages(drawings, recognizer, rng)


def numbers(
    drawings: list[Drawing],
    counts: tuple[int, int],
    gaps: tuple[float, float],
    rng: np.random.Generator,
) -> Iterable[Drawing]:
    """Yield random numbers by a single writer. Their strokes are placed on the canvas."""
    for _ in range(NUMBER_COUNT):
        first = drawings[rng.integers(len(drawings))]
        own = [drawing for drawing in drawings if drawing.writer == first.writer]
        count = int(rng.integers(counts[0], counts[1] + 1))
        more = [own[rng.integers(len(own))] for _ in range(count - 1)]
        strokes = first.strokes
        for digit in more:
            strokes = side_by_side(strokes, digit.strokes, DIGIT_HEIGHT * rng.uniform(*gaps))
        share, pen = rng.uniform(*SHARE), rng.uniform(*PEN_WIDTH) * 2 / count
        placed = stroke_rendering.place(strokes, share=share, pen=pen)
        label = "".join(digit.label for digit in (first, *more))
        yield Drawing(label, first.writer, placed)


def side_by_side(first: Strokes, second: Strokes, gap: float) -> Strokes:
    """Place a digit on the baseline of the strokes to its left, with `gap` between them."""
    left, right = (np.concatenate([np.array(stroke) for stroke in s]) for s in (first, second))
    dx = left[:, 0].max() + gap - right[:, 0].min()
    dy = left[:, 1].max() - right[:, 1].max()
    return [*first, *([[x + dx, y + dy] for x, y in stroke] for stroke in second)]


def report_numbers(name: str, drawn: list[Drawing], segment: Segment) -> None:
    """Print how many numbers are correct, and how many have the right number of digits."""
    started = time.process_time()
    found = [segment(number.strokes) for number in drawn]
    milliseconds = 1000 * (time.process_time() - started) / len(drawn)
    texts = ["".join(str(digit.prediction.label) for digit in digits) for digits in found]
    correct = sum(text == number.label for text, number in zip(texts, drawn, strict=True))
    split = sum(
        len(digits) == len(number.label) for digits, number in zip(found, drawn, strict=True)
    )
    print(
        f"    {name}: {percent(correct, len(drawn))} of {len(drawn)} numbers are correct, "
        f"{percent(split, len(drawn))} are split correctly; {milliseconds:.1f} ms each"
    )


def report_single_digits(digits: list[Drawing], segment: Segment, recognizer: Recognizer) -> None:
    """Print how many single digits are split, and how many keep their prediction."""
    found = [segment(digit.strokes) for digit in digits]
    split = sum(len(each) > 1 for each in found)
    alone = [recognizer.predict(normalize(paint(digit.strokes))) for digit in digits]
    same = sum(
        [digit.prediction for digit in each] == [prediction]
        for each, prediction in zip(found, alone, strict=True)
    )
    print(
        f"    single digits split into several: {percent(split, len(digits))}; "
        f"with the same prediction as alone: {percent(same, len(digits))}"
    )


def report_pages(drawings: list[Drawing], recognizer: Recognizer, rng: np.random.Generator) -> None:
    """Print how many digits and rows of photographed pages are read."""
    for name, photograph in pages.PHOTOS.items():
        drawn = list(pages.draw_pages(drawings, PAGE_COUNT, photograph, rng))
        score = pages.score_pages(drawn, recognizer)
        print(
            f"pages, {name}: {percent(score.digits, 1)} of the digits are correct, "
            f"{percent(score.rows, 1)} of the rows are found"
        )


def percent(part: float, whole: int) -> str:
    return f"{100 * part / whole:.2f}%"


if __name__ == "__main__":
    main()
