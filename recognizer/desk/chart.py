"""Bars, a day each: where the template draws what."""

from dataclasses import dataclass
from datetime import date
from typing import Final

# The part of the picture with the bars in it, in the units of the template's viewBox.
LEFT: Final = 75
RIGHT: Final = 740
TOP: Final = 20
BOTTOM: Final = 190

LINES: Final = 4  # above the lowest
DATED: Final = slice(3, None, 7)  # days have their date below
ROUND: Final = (1, 2, 5)  # steps between lines, times a power of ten


@dataclass(frozen=True)
class Bar:
    """One day; the lower, dark part of the bar are those that visitors said otherwise of."""

    day: date
    x: float
    y: float
    height: float
    dark_y: float
    dark_height: float


@dataclass(frozen=True)
class Chart:
    width: float
    bars: list[Bar]
    lines: list[tuple[float, int]]
    dates: list[tuple[float, date]]
    total: int
    dark_total: int


def day_chart(days: list[tuple[date, int, int]]) -> Chart | None:
    """Of (day, how many, how many of those are dark); None where there is nothing to see."""
    most = max((count for _, count, _ in days), default=0)
    if not most:
        return None
    step = _step(most)
    slot = (RIGHT - LEFT) / len(days)
    bars = [
        _bar(day, LEFT + (i + 0.15) * slot, count, dark, step * LINES)
        for i, (day, count, dark) in enumerate(days)
    ]
    return Chart(
        width=round(0.7 * slot, 1),
        bars=bars,
        lines=[
            (round(BOTTOM - _height(i * step, step * LINES), 1), i * step) for i in range(LINES + 1)
        ],
        dates=[(round(bar.x + 0.35 * slot, 1), bar.day) for bar in bars[DATED]],
        total=sum(count for _, count, _ in days),
        dark_total=sum(dark for _, _, dark in days),
    )


def _step(most: int) -> int:
    """The smallest round step that lets the highest bar fit."""
    power = 1
    while True:
        for digit in ROUND:
            if digit * power * LINES >= most:
                return digit * power
        power *= 10


def _height(count: int, full: int) -> float:
    return round(count / full * (BOTTOM - TOP), 1)


def _bar(day: date, x: float, count: int, dark: int, full: int) -> Bar:
    height, dark_height = _height(count, full), _height(dark, full)
    y, dark_y = round(BOTTOM - height, 1), round(BOTTOM - dark_height, 1)
    return Bar(day, round(x, 1), y, height, dark_y, dark_height)
