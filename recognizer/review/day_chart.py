"""Positions and sizes for the dashboard's bar chart with one bar per day."""

from dataclasses import dataclass
from datetime import date
from typing import Final

# The plot area, in units of the template's viewBox.
LEFT: Final = 75
RIGHT: Final = 740
TOP: Final = 20
BOTTOM: Final = 190

GRIDLINE_COUNT: Final = 4  # above the baseline
LABELLED_DAYS: Final = slice(3, None, 7)  # one date per week below the bars
ROUND_STEPS: Final = (1, 2, 5)  # allowed gridline distances, times a power of ten
BAR_SHARE: Final = 0.7  # of the width of a day; the rest is the gap between bars


@dataclass(frozen=True)
class Bar:
    """One day. The lower, dark part of the bar shows the corrections that disagree."""

    day: date
    x: float
    y: float
    height: float
    disagreed_y: float
    disagreed_height: float


@dataclass(frozen=True)
class Chart:
    width: float  # of each bar
    bars: list[Bar]
    lines: list[tuple[float, int]]  # y and the count there
    dates: list[tuple[float, date]]  # x of the label's centre
    total: int
    disagreed_total: int


def day_chart(days: list[tuple[date, int, int]]) -> Chart | None:
    """Return the chart for rows of (day, submitted, disagreed), or None without submissions."""
    highest = max((submitted for _, submitted, _ in days), default=0)
    if not highest:
        return None
    step = _gridline_step(highest)
    top = step * GRIDLINE_COUNT
    day_width = (RIGHT - LEFT) / len(days)
    margin = (1 - BAR_SHARE) / 2
    bars = [
        _bar(day, LEFT + (i + margin) * day_width, submitted, disagreed, top)
        for i, (day, submitted, disagreed) in enumerate(days)
    ]
    counts = range(0, top + 1, step)
    return Chart(
        width=round(BAR_SHARE * day_width, 1),
        bars=bars,
        lines=[(round(BOTTOM - _height(count, top), 1), count) for count in counts],
        dates=[
            (round(bar.x + BAR_SHARE / 2 * day_width, 1), bar.day) for bar in bars[LABELLED_DAYS]
        ],
        total=sum(submitted for _, submitted, _ in days),
        disagreed_total=sum(disagreed for _, _, disagreed in days),
    )


def _gridline_step(highest: int) -> int:
    """Return the smallest round step with which the highest bar fits."""
    power = 1
    while True:
        for digit in ROUND_STEPS:
            if digit * power * GRIDLINE_COUNT >= highest:
                return digit * power
        power *= 10


def _height(count: int, top: int) -> float:
    return round(count / top * (BOTTOM - TOP), 1)


def _bar(day: date, x: float, submitted: int, disagreed: int, top: int) -> Bar:
    height, disagreed_height = _height(submitted, top), _height(disagreed, top)
    y, disagreed_y = round(BOTTOM - height, 1), round(BOTTOM - disagreed_height, 1)
    return Bar(day, round(x, 1), y, height, disagreed_y, disagreed_height)
