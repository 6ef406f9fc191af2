"""`make bench-personal`: measure how corrections change the predictions for their author.

Fifteen people, whose drawings were not used to choose anything, draw on a new site and correct its
predictions. All requests go through the API. Writes `docs/personal-memory.md`.
"""

import argparse
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks import personal_report, site, stroke_rendering
from benchmarks.personal_costs import measure_costs
from benchmarks.personal_report import Answer, Answers, Report, Retrained, Shared
from benchmarks.single_corrector import draw_square
from benchmarks.stroke_rendering import Drawing, draw_at_random
from ml.data import mnist as mnist_file
from ml.data.mnist import LabelledImages
from ml.runtime import DIGIT_COUNT

WRITERS: Final = range(16, 31)
SEED: Final = 2026
WRONG_SHARE: Final = 0.1
SQUARE_COUNT: Final = 10  # squares that are predicted after each correction
MAX_TAUGHT_SQUARES: Final = 3


def main() -> None:
    """Run all experiments, write the report and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("mnist", type=Path)
    parser.add_argument("strokes", type=Path, help="folder that contains pen_digits")
    options = parser.parse_args()
    test = mnist_file.load(options.mnist).test
    people = _load(options.strokes / "pen_digits.ndjson.gz")
    with tempfile.TemporaryDirectory() as folder:
        site.set_up(Path(folder), options.mnist)
        mistakes = [draw_all(person, confirm=False) for person in people]
        half = [draw_all(person, confirm=False, corrected_share=0.5) for person in people]
        confirmed = [draw_all(person, confirm=True) for person in people]
        wrong = [draw_all(person, confirm=True, wrong_share=WRONG_SHARE) for person in people]
        shared = _share_one_browser(people, test)
        hands = [_switch_hands(*pair) for pair in zip(people[::2], people[1::2], strict=False)]
        squares = [teach_squares(seed) for seed in range(SQUARE_COUNT)]
        costs = measure_costs(people[0])
        site.reset()
        retrained = _retrain(people)
    report = Report(mistakes, half, confirmed, wrong, shared, hands, squares, costs, retrained)
    print(personal_report.write(report))


def _load(path: Path) -> list[list[Drawing]]:
    """Return the drawings of each of the writers, in random order."""
    rng = np.random.default_rng(SEED)
    drawings = stroke_rendering.load(path)
    people = [[d for d in drawings if d.writer == writer] for writer in WRITERS]
    return [[person[i] for i in rng.permutation(len(person))] for person in people]


def draw_all(
    drawings: Sequence[Drawing],
    *,
    confirm: bool,
    corrected_share: float = 1.0,
    wrong_share: float = 0.0,
    visitor: site.Visitor | None = None,
) -> Answers:
    """Submit the drawings one after the other, and correct wrong predictions.

    `corrected_share` of the wrong predictions are corrected. With `confirm`, all of them are, and
    the right ones are confirmed. A share of the labels, `wrong_share`, is random. Without
    `visitor`, a new visitor draws.
    """
    rng = np.random.default_rng(SEED + drawings[0].writer)
    name = f"{confirm} {corrected_share} {wrong_share} {drawings[0].writer}"
    visitor = visitor or site.Visitor(name)
    answers = []
    for drawing in drawings:
        submission = visitor.submit(draw_at_random(drawing.strokes, rng))
        answers.append(_to_answer(submission, int(drawing.label)))
        is_corrected = not answers[-1].is_correct and rng.random() < corrected_share
        if confirm or is_corrected:
            is_wrong = rng.random() < wrong_share
            label = int(rng.integers(DIGIT_COUNT)) if is_wrong else int(drawing.label)
            visitor.label(submission["id"], label)
    return answers


def _to_answer(submission: dict[str, Any], digit: int) -> Answer:
    personal = submission["personal"]
    network_digit = personal["network_digit"] if personal else submission["digit"]
    return Answer(submission["digit"] == digit, network_digit == digit, submission["confidence"])


def _share_one_browser(people: list[list[Drawing]], test: LabelledImages) -> Shared:
    """Let all people draw in one browser, in random order, and correct only mistakes."""
    rng = np.random.default_rng(SEED)
    everybody = [drawing for person in people for drawing in person]
    everybody = [everybody[i] for i in rng.permutation(len(everybody))]
    visitor = site.Visitor("shared")
    answers = draw_all(everybody, confirm=False, visitor=visitor)
    return Shared(answers, *_mnist_errors(visitor, test))


def _mnist_errors(visitor: site.Visitor, test: LabelledImages) -> tuple[float, float]:
    """Return the shares of MNIST's test images that are wrong without and with the memory."""
    from recognizer.serving import model_registry, personal_memory

    version = model_registry.loaded_version()
    memory = personal_memory.memory_of(visitor.owner, version)
    assert memory is not None
    alone = [version.recognizer.predict(pixels).label for pixels in test.images]
    adjusted = [memory.predict(pixels).prediction.label for pixels in test.images]
    return float(np.mean(alone != test.labels)), float(np.mean(adjusted != test.labels))


def _switch_hands(first: list[Drawing], second: list[Drawing]) -> Answers:
    """Return the answers for the second of two people who use one browser one after the other."""
    visitor = site.Visitor(f"hands {first[0].writer}")
    draw_all(first, confirm=True, visitor=visitor)
    return draw_all(second, confirm=True, visitor=visitor)


def teach_squares(seed: int) -> list[int]:
    """Return how many of ten squares are predicted as 0 after 0, 1, 2 and 3 corrections to 0."""
    rng = np.random.default_rng(seed)
    visitor = site.Visitor(f"squares {seed}")
    evaluation = [draw_square(rng) for _ in range(SQUARE_COUNT)]
    counts = []
    for taught in range(MAX_TAUGHT_SQUARES + 1):
        if taught:
            visitor.correct(draw_square(rng), 0)
        counts.append(sum(visitor.predict(square, personal=True) == 0 for square in evaluation))
    return counts


def _retrain(people: list[list[Drawing]]) -> Retrained:
    """Correct the first half of each person's drawings, retrain, and predict the second half."""
    visitors = [site.Visitor(f"retrain {person[0].writer}") for person in people]
    rng = np.random.default_rng(SEED)
    for visitor, person in zip(visitors, people, strict=True):
        for drawing in person[: len(person) // 2]:
            canvas = draw_at_random(drawing.strokes, rng)
            site.approve(visitor.correct(canvas, int(drawing.label)))
    later = [
        (visitor, draw_at_random(drawing.strokes, rng), int(drawing.label))
        for visitor, person in zip(visitors, people, strict=True)
        for drawing in person[len(person) // 2 :]
    ]
    before = _count_errors(later, personal=False), _count_errors(later, personal=True)
    result = site.retrain()
    after = _count_errors(later, personal=False), _count_errors(later, personal=True)
    return Retrained(len(later), *before, *after, result.outcome["decision"])


def _count_errors(
    drawings: Iterable[tuple[site.Visitor, stroke_rendering.Canvas, int]], *, personal: bool
) -> int:
    return sum(visitor.predict(c, personal=personal) != digit for visitor, c, digit in drawings)


if __name__ == "__main__":
    main()
