"""Check pen strokes: the API and `import_dataset` accept the same ones."""

from typing import Any, Final

# More than a pen draws on the canvas, whose side is 280: its points are at least 1.5 apart.
MAX_STROKES: Final = 200
MAX_POINTS: Final = 2_000
# The largest x, y, time and width. A day of drawing, in milliseconds.
MAX_COORDINATE: Final = 24 * 60 * 60 * 1000


def are_strokes(data: Any) -> bool:
    """Return whether `data` is a list of strokes, each a list of points.

    A point is [x, y, milliseconds] or [x, y, milliseconds, width].
    """
    return (
        isinstance(data, list)
        and len(data) <= MAX_STROKES
        and all(isinstance(stroke, list) for stroke in data)
        and sum(len(stroke) for stroke in data) <= MAX_POINTS
        and all(_is_point(point) for stroke in data for point in stroke)
    )


def rounded(strokes: list[Any]) -> list[Any]:
    """Return the strokes with a tenth of a pixel and a millisecond as the smallest differences.

    Strokes without points are left out.
    """
    return [[_rounded(*point) for point in stroke] for stroke in strokes if stroke]


def _rounded(x: float, y: float, time: float, *width: float) -> list[float]:
    return [round(x, 1), round(y, 1), round(time), *(round(each, 1) for each in width)]


def _is_point(point: Any) -> bool:
    if not (isinstance(point, list) and len(point) in (3, 4)):
        return False
    return all(type(number) in (int, float) and abs(number) <= MAX_COORDINATE for number in point)
