"""Draw pen strokes as the page's canvas does (static/recognizer/canvas.js).

Each point of a stroke is the control point of a quadratic curve between two midpoints. A stroke has
round ends. A browser draws a circle as a polygon of 16 sides, so this module does as well.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageChops, ImageDraw

from ml.arrays import GreyImage

CANVAS_SIDE: Final = 280  # pixels
PEN_WIDTH: Final = 18.0  # pixels, of a point without a width: the page's medium pen
# A width beyond these limits is replaced by the limit. The page draws with 5.5 to 39 pixels.
MIN_WIDTH: Final = 1.0
MAX_WIDTH: Final = 60.0
SAMPLES: Final = 8  # per pixel in each direction; their mean makes the edges smooth
MAX_DEVIATION: Final = 0.1  # pixels, of the lines that replace a curve
MAX_COORDINATE: Final = 4 * CANVAS_SIDE  # Points farther away are moved, so that curves are short.
HALF_CIRCLE: Final = np.linspace(-math.pi / 2, math.pi / 2, 9)  # angles of the corners

Stroke = Sequence[Sequence[float]]  # points [x, y, milliseconds] or [x, y, milliseconds, width]
Points = npt.NDArray[np.float64]  # (..., 2), x and y in pixels


def draw_strokes(strokes: Sequence[Stroke]) -> GreyImage:
    """Return the drawing of the strokes, (280, 280) uint8, paper 255 and ink 0."""
    image = Image.new("L", (CANVAS_SIDE, CANVAS_SIDE), 255)
    for stroke in strokes:
        if stroke:
            for path, width in _paths(stroke):
                _draw_path(image, path, width)
    return np.asarray(image)


def _paths(stroke: Stroke) -> Iterator[tuple[Points, float]]:
    """Yield each path and its width, in the order in which the canvas draws them.

    A stroke of one width is one path. Otherwise, the curve of each point has the point's width.
    """
    widths = [_width(*point) for point in stroke]
    curves = _curves(np.array([point[:2] for point in stroke], float))
    if len(set(widths)) == 1:
        yield np.concatenate([curves[0][:1], *(curve[1:] for curve in curves)]), widths[0]
    else:
        yield from zip(curves, widths, strict=True)


def _width(_x: float, _y: float, _time: float, width: float = PEN_WIDTH) -> float:
    return min(max(width, MIN_WIDTH), MAX_WIDTH)


def _curves(points: Points) -> list[Points]:
    """Return the curve of each point as the corners of a line."""
    points = points.clip(-MAX_COORDINATE, MAX_COORDINATE)
    ends = (points + np.append(points[1:], points[-1:], axis=0)) / 2
    starts = np.append(points[:1], ends[:-1], axis=0)
    bends = np.hypot(*(starts - 2 * points + ends).T)
    parts = np.ceil(np.sqrt(bends / (4 * MAX_DEVIATION))).astype(int).clip(1)
    last = np.cumsum(parts + 1)  # A line of n parts has n + 1 corners.
    t = (np.arange(last[-1]) - np.repeat(last - parts - 1, parts + 1)) / np.repeat(parts, parts + 1)
    start, control, end = (np.repeat(each, parts + 1, axis=0) for each in (starts, points, ends))
    t = t[:, None]
    curves = (1 - t) ** 2 * start + 2 * t * (1 - t) * control + t**2 * end
    return np.split(curves, last[:-1])


def _draw_path(image: Image.Image, path: Points, width: float) -> None:
    """Draw a line with round ends over the image."""
    left, top = np.floor(path.min(axis=0) - width / 2).clip(0).astype(int).tolist()
    right, bottom = np.ceil(path.max(axis=0) + width / 2).clip(max=CANVAS_SIDE).astype(int).tolist()
    if left >= right or top >= bottom:
        return
    box = (left, top, right, bottom)
    enlarged = Image.new("L", (SAMPLES * (right - left), SAMPLES * (bottom - top)), 255)
    brush = ImageDraw.Draw(enlarged)
    for corners in _outlines(path - (left, top), width / 2):
        brush.polygon(corners, fill=0)
    # Where paths overlap, each covers a part of the light that the others leave.
    image.paste(ImageChops.multiply(image.crop(box), enlarged.reduce(SAMPLES)), box)


def _outlines(path: Points, radius: float) -> list[list[float]]:
    """Return the outline of each part of the line with round ends, in samples: x, y, x, y, ..."""
    steps = np.diff(path, axis=0)
    angles = np.arctan2(steps[:, 1], steps[:, 0])[:, None]
    forward = angles + HALF_CIRCLE
    normals = np.concatenate([_unit(forward), _unit(forward + math.pi)], axis=1)
    centres = np.repeat(np.stack([path[1:], path[:-1]], axis=1), len(HALF_CIRCLE), axis=1)
    # Pillow fills the samples whose centres are on the outline as well, so it is drawn a third of a
    # sample smaller. The coordinates of a sample are those of its corner.
    corners = SAMPLES * (centres + radius * normals) - 0.3 * normals - 0.5
    return np.rint(corners).reshape(len(steps), -1).tolist()


def _unit(angles: npt.NDArray[np.float64]) -> Points:
    return np.stack([np.cos(angles), np.sin(angles)], axis=-1)
