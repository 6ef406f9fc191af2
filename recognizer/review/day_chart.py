"""Compute the coordinates of the dashboard's bar chart with one bar per day."""

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
# The distance between gridlines is one of these numbers, times a power of ten.
ROUND_STEPS: Final = (1, 2, 5)
BAR_SHARE: Final = 0.7  # fraction of the width of a day; the rest is the gap between bars


@dataclass(frozen=True)
class Bar:
    """The bar of one day. Its lower, dark part shows the corrections that disagree."""

    day: date
    x: float
    y: float
    height: float
    disagreed_y: float
    disagreed_height: float


@dataclass(frozen=True)
class Chart:
    """Everything that the template needs to draw the chart."""

    bar_width: float
    bars: list[Bar]
    gridlines: list[tuple[float, int]]  # (y, count)
    dates: list[tuple[float, date]]  # (x of the centre of the label, day)
    total: int
    disagreed_total: int


def day_chart(days: list[tuple[date, int, int]]) -> Chart | None:
    """Return the chart for rows of (day, submitted, disagreed), or None if all counts are zero."""
    highest = max((submitted for _, submitted, _ in days), default=0)
    if not highest:
        return None
    step = _gridline_step(highest)
    max_count = step * GRIDLINE_COUNT
    day_width = (RIGHT - LEFT) / len(days)
    margin = (1 - BAR_SHARE) / 2
    bars = [
        _bar(day, LEFT + (i + margin) * day_width, submitted, disagreed, max_count)
        for i, (day, submitted, disagreed) in enumerate(days)
    ]
    counts = range(0, max_count + 1, step)
    return Chart(
        bar_width=round(BAR_SHARE * day_width, 1),
        bars=bars,
        gridlines=[(round(BOTTOM - _height(count, max_count), 1), count) for count in counts],
        dates=[
            (round(bar.x + BAR_SHARE / 2 * day_width, 1), bar.day) for bar in bars[LABELLED_DAYS]
        ],
        total=sum(submitted for _, submitted, _ in days),
        disagreed_total=sum(disagreed for _, _, disagreed in days),
    )


def _gridline_step(highest: int) -> int:
    """Return the smallest round distance between gridlines with which the highest bar fits."""
    power = 1
    while True:
        for digit in ROUND_STEPS:
            if digit * power * GRIDLINE_COUNT >= highest:
                return digit * power
        power *= 10


def _height(count: int, max_count: int) -> float:
    return round(count / max_count * (BOTTOM - TOP), 1)


def _bar(day: date, x: float, submitted: int, disagreed: int, max_count: int) -> Bar:
    height, disagreed_height = _height(submitted, max_count), _height(disagreed, max_count)
    y, disagreed_y = round(BOTTOM - height, 1), round(BOTTOM - disagreed_height, 1)
    return Bar(day, round(x, 1), y, height, disagreed_y, disagreed_height)
