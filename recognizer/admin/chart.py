"""Accuracy over model versions: where the template draws what."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from recognizer.models import ModelVersion, State

# The part of the picture with the lines in it, in the units of the template's viewBox.
LEFT: Final = 60
RIGHT: Final = 740
TOP: Final = 10
BOTTOM: Final = 210

GAPS: Final = 4  # between the horizontal lines; the uppermost is 100 %
GAP_SIZES: Final = (0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25)
MOST_NUMBERS: Final = 25  # more would touch each other

DOT: Final = "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0"
SQUARE: Final = "M-4-4h8v8h-8z"
CROSS: Final = "M-5-5 5 5M-5 5 5-5"
SERIES: Final = (
    ("mnist_test", "MNIST test", DOT),
    ("held_out_corrections", "held-out corrections", SQUARE),
)


@dataclass(frozen=True)
class Mark:
    x: float
    y: float
    shape: str
    text: str


@dataclass(frozen=True)
class Line:
    """One score. The line itself leaves out what was refused: visitors never met it."""

    name: str
    label: str
    shape: str
    points: str
    marks: list[Mark]


@dataclass(frozen=True)
class Chart:
    first: int
    last: int
    lines: list[Line]
    heights: list[tuple[float, str]]
    numbers: list[tuple[float, int]]
    refused: str = CROSS


def accuracy_chart(listed: Iterable[ModelVersion]) -> Chart | None:
    """None where no version has a score."""
    versions = sorted(listed, key=lambda version: version.number)
    scores = [version.score(name) for version in versions for name, *_ in SERIES]
    known = [score for score in scores if score is not None]
    if not known:
        return None
    gap = next(size for size in GAP_SIZES if 1 - GAPS * size <= min(known))
    width = (RIGHT - LEFT) / len(versions)
    across = [(round(LEFT + (i + 0.5) * width, 1), version) for i, version in enumerate(versions)]
    heights = [1 - i * gap for i in range(GAPS + 1)]
    every = -(-len(versions) // MOST_NUMBERS)
    return Chart(
        first=versions[0].number,
        last=versions[-1].number,
        lines=[_line(*series, across, GAPS * gap) for series in SERIES],
        heights=[(_height(score, GAPS * gap), f"{100 * score:.4g} %") for score in heights],
        numbers=[(x, version.number) for x, version in across[::every]],
    )


def _height(score: float, span: float) -> float:
    return round(TOP + (1 - score) / span * (BOTTOM - TOP), 1)


def _line(
    name: str, label: str, shape: str, across: list[tuple[float, ModelVersion]], span: float
) -> Line:
    points, marks = [], []
    for x, version in across:
        score = version.score(name)
        if score is None:
            continue
        y = _height(score, span)
        refused = version.state == State.REFUSED
        text = f"{version}, {label}: {score:.2%}" + (", refused" if refused else "")
        marks.append(Mark(x, y, CROSS if refused else shape, text))
        if not refused:
            points.append(f"{x},{y}")
    return Line(name, label, shape, " ".join(points), marks)
