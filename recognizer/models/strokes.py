"""Check pen strokes: the API and `import_dataset` accept the same ones."""

from typing import Any, Final

MAX_STROKES: Final = 200
MAX_POINTS: Final = 10_000
MAX_COORDINATE: Final = 1_000_000


def are_strokes(data: Any) -> bool:
    """Return whether `data` is a list of strokes, each a list of points [x, y, milliseconds]."""
    return (
        isinstance(data, list)
        and len(data) <= MAX_STROKES
        and all(isinstance(stroke, list) for stroke in data)
        and sum(len(stroke) for stroke in data) <= MAX_POINTS
        and all(_is_point(point) for stroke in data for point in stroke)
    )


def _is_point(point: Any) -> bool:
    return (
        isinstance(point, list)
        and len(point) == 3
        and all(type(number) in (int, float) and abs(number) <= MAX_COORDINATE for number in point)
    )
