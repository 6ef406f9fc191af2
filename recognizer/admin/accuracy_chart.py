"""Compute the coordinates of the chart that shows the accuracy of each model version."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from recognizer.models import ModelVersion, VersionState

# The plot area, in units of the template's viewBox.
LEFT: Final = 60
RIGHT: Final = 740
TOP: Final = 10
BOTTOM: Final = 210

GRIDLINE_COUNT: Final = 4  # in addition to the one at 100%
# Possible distances between gridlines: 0.01 is one percent of accuracy. The chart uses the smallest
# distance with which all scores fit.
GRIDLINE_STEPS: Final = (0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25)
MAX_AXIS_LABELS: Final = 25  # more labels would overlap

DOT: Final = "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0"
SQUARE: Final = "M-4-4h8v8h-8z"
CROSS: Final = "M-5-5 5 5M-5 5 5-5"
SERIES: Final = (
    ("mnist_test", "MNIST test", DOT),
    ("held_out_corrections", "held-out drawings", SQUARE),
)

Column = tuple[float, ModelVersion]  # (x, version)


@dataclass(frozen=True)
class Mark:
    """The mark of one version's score: a dot or a square, or a cross for a rejected version."""

    x: float
    y: float
    shape: str
    caption: str


@dataclass(frozen=True)
class Line:
    """The line of one score over the versions.

    Each version that has the score gets a mark. The line connects the marks, except those of
    rejected versions.
    """

    name: str
    label: str
    shape: str
    points: str  # "x,y x,y …", for an SVG polyline
    marks: list[Mark]


@dataclass(frozen=True)
class Chart:
    """Everything that the template needs to draw the chart."""

    first: int  # version number
    last: int  # version number
    lines: list[Line]
    gridlines: list[tuple[float, str]]  # (y, percentage)
    axis_labels: list[tuple[float, int]]  # (x, version number)
    rejected_shape: str = CROSS


def accuracy_chart(versions: Iterable[ModelVersion]) -> Chart | None:
    """Return the chart of these versions, or None if no version has a score."""
    versions = sorted(versions, key=lambda version: version.number)
    scores = [version.score(name) for version in versions for name, *_ in SERIES]
    known_scores = [score for score in scores if score is not None]
    if not known_scores:
        return None
    step = next(size for size in GRIDLINE_STEPS if 1 - GRIDLINE_COUNT * size <= min(known_scores))
    span = GRIDLINE_COUNT * step
    columns = _columns(versions)
    label_interval = -(-len(versions) // MAX_AXIS_LABELS)  # rounded up
    return Chart(
        first=versions[0].number,
        last=versions[-1].number,
        lines=[_line(*series, columns, span) for series in SERIES],
        gridlines=[_gridline(1 - i * step, span) for i in range(GRIDLINE_COUNT + 1)],
        axis_labels=[(x, version.number) for x, version in columns[::label_interval]],
    )


def _columns(versions: list[ModelVersion]) -> list[Column]:
    width = (RIGHT - LEFT) / len(versions)
    return [(round(LEFT + (i + 0.5) * width, 1), version) for i, version in enumerate(versions)]


def _gridline(score: float, span: float) -> tuple[float, str]:
    return _y(score, span), f"{100 * score:.4g}%"


def _y(score: float, span: float) -> float:
    return round(TOP + (1 - score) / span * (BOTTOM - TOP), 1)


def _line(name: str, label: str, shape: str, columns: list[Column], span: float) -> Line:
    points, marks = [], []
    for x, version in columns:
        score = version.score(name)
        if score is None:
            continue
        y = _y(score, span)
        is_rejected = version.state == VersionState.REJECTED
        caption = f"{version}, {label}: {score:.2%}" + (", rejected" if is_rejected else "")
        marks.append(Mark(x, y, CROSS if is_rejected else shape, caption))
        if not is_rejected:
            points.append(f"{x},{y}")
    return Line(name, label, shape, " ".join(points), marks)
