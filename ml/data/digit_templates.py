"""Draw digits from templates of handwriting, as people draw them on a screen.

Unlike a digit of MNIST in another style (`ml.data.digit_styles`), such a drawing has the smooth
strokes of a pen on a screen, and shapes that no digit of MNIST can be turned into.
"""

from typing import Final

import numpy as np

from ml.arrays import IMAGE_SIDE, InkImage, Pixels
from ml.data.glyphs import Stroke, distort_glyph, draw_strokes
from ml.data.mnist import LabelledImages
from ml.preprocessing.decode import BadImageError
from ml.preprocessing.normalize import normalize
from ml.runtime import DIGIT_COUNT

# A template is a list of smooth curves through points "x,y", in percent of the digit's height, from
# the top left. A curve that starts where another one ends makes a corner.
TEMPLATES: Final[dict[int, tuple[str, ...]]] = {
    0: (
        "50,0 10,20 0,55 25,95 55,95 75,50 65,10 40,2",
        "45,5 10,30 5,70 35,100 70,75 65,30 30,10",
        "30,0 5,40 15,85 50,100 75,70 65,30 35,20",
        "50,0 10,20 0,55 25,95 55,95 75,50 65,10 40,2 / 0,100 75,0",
    ),
    1: (
        "20,0 10,100",
        "0,30 40,0 / 40,0 35,100",
        "0,45 60,0 / 60,0 40,100",
        "0,30 35,0 / 35,0 35,100 / 0,100 70,100",
    ),
    2: (
        "5,25 25,0 60,10 55,40 5,100 / 5,100 75,95",
        "5,20 35,0 65,20 40,65 10,95 10,75 40,90 80,95",
        "0,15 50,0 60,35 0,100 / 0,100 60,100",
    ),
    3: (
        "5,10 40,0 60,20 25,45 / 25,45 65,65 50,97 0,90",
        "5,2 60,0 / 60,0 30,40 / 30,40 70,65 45,100 0,90",
        "10,15 35,0 60,20 35,45 20,45 35,45 65,70 40,100 0,85",
    ),
    4: (
        "30,0 0,60 / 0,60 75,60 / 60,25 50,100",
        "40,0 5,70 / 5,70 65,68 / 60,45 45,100",
        "40,0 15,75 / 15,75 60,70 / 55,50 45,100",
        "35,0 5,80 / 5,80 50,75 / 45,55 30,100",
        "65,0 0,65 / 0,65 80,65 / 62,5 60,100",
        "10,0 0,50 10,60 65,50 / 65,0 55,100",
        "30,0 0,65 10,75 50,60 62,35 / 62,35 50,100",
    ),
    5: (
        "10,0 5,42 / 5,42 50,40 65,72 40,100 0,90 / 10,0 75,2",
        "75,0 15,2 / 15,2 10,42 / 10,42 55,42 65,75 40,100 0,92",
        "70,2 25,0 10,35 50,50 60,75 35,100 0,92",
    ),
    6: (
        "60,0 20,30 2,70 25,100 55,85 45,60 5,72",
        "35,0 10,40 2,75 30,100 60,80 40,55 10,65",
        "70,10 45,0 10,40 5,80 35,100 65,80 45,60 10,75",
    ),
    7: (
        "0,5 70,0 / 70,0 30,100",
        "0,10 35,5 70,0 / 70,0 45,40 35,100",
        "0,5 70,0 / 70,0 30,100 / 15,55 75,50",
        "0,20 2,3 / 2,3 70,0 / 70,0 35,50 25,100 / 15,55 65,50",
        "5,15 35,0 65,8 45,55 20,100 / 5,70 70,62",
        "10,20 30,2 65,10 50,50 25,100 / 0,62 30,60 75,68",
        "10,20 35,0 60,12 45,55 20,100 / 0,78 30,72 65,78",
    ),
    8: (
        "60,10 30,0 10,20 40,48 65,75 35,100 5,78 35,50 62,15",
        "70,5 35,2 12,25 40,50 60,75 35,100 5,78 35,50 75,12",
        "35,0 10,20 35,42 60,20 35,0 / 35,42 5,72 35,100 65,72 35,42",
        "10,10 40,50 60,80 35,100 10,80 40,45 65,15 35,0 8,10",
    ),
    9: (
        "60,15 35,0 8,20 30,45 60,20 / 60,20 55,100",
        "60,15 35,0 8,20 30,45 60,20 / 60,20 60,60 40,95 0,90",
        "55,10 30,0 10,18 30,38 55,20 65,60 45,97 0,95",
        "50,10 30,0 15,15 30,32 50,20 35,35 70,60 50,97 0,95",
        "60,15 35,0 8,20 30,45 60,20 / 60,20 50,60 60,95 75,90",
    ),
}
POINT_DEVIATION: Final = 5.0  # percent, the standard deviation of each coordinate of a point
POINTS_PER_SEGMENT: Final = 5  # between two points of a curve


def draw_digits(count: int, rng: np.random.Generator) -> LabelledImages:
    """Return `count` digits in random handwriting, as many of each digit."""
    images: list[Pixels] = []
    while len(images) < count:
        try:
            images.append(normalize(draw_digit(len(images) % DIGIT_COUNT, rng)))
        except BadImageError:  # The drawing is a single dot.
            continue
    labels = (np.arange(count) % DIGIT_COUNT).astype(np.uint8)
    return LabelledImages(np.array(images, np.uint8).reshape(-1, IMAGE_SIDE, IMAGE_SIDE), labels)


def draw_digit(digit: int, rng: np.random.Generator) -> InkImage:
    """Return the digit in a random handwriting, (84, 84) uint8, as `draw_strokes` does."""
    templates = TEMPLATES[digit]
    curves = [curve.split() for curve in templates[rng.integers(len(templates))].split("/")]
    # Curves stay joined, because each point has one random position.
    points = {point: _move(point, rng) for curve in curves for point in curve}
    strokes = [_interpolate(np.array([points[point] for point in curve])) for curve in curves]
    every = np.concatenate(strokes)
    low, high = every.min(axis=0), every.max(axis=0)
    centred = [(stroke - (low + high) / 2) / (high - low).max() for stroke in strokes]
    return draw_strokes(distort_glyph(centred, rng), rng)


def _move(point: str, rng: np.random.Generator) -> Stroke:
    return rng.normal([int(percent) for percent in point.split(",")], POINT_DEVIATION)


def _interpolate(points: Stroke) -> Stroke:
    """Return a smooth curve through the points.

    The curve is a Catmull-Rom spline (E. Catmull and R. Rom, "A Class of Local Interpolating
    Splines", 1974). Between two points, it is a cubic Hermite curve. The tangent at each point is
    half of the difference between its neighbours.
    """
    tangents = np.gradient(points, axis=0)
    t = np.linspace(0, 1, POINTS_PER_SEGMENT, endpoint=False)[:, None]
    segments = [
        _hermite(t, *ends) for ends in zip(points, points[1:], tangents, tangents[1:], strict=False)
    ]
    return np.concatenate([*segments, points[-1:]])


def _hermite(t: Stroke, start: Stroke, end: Stroke, first: Stroke, last: Stroke) -> Stroke:
    """Return the points at `t`, (n, 1) in 0..1, of the cubic from `start` to `end`, (n, 2).

    `first` and `last` are the tangents at both ends.
    """
    squared, cubed = t**2, t**3
    return np.asarray(
        (2 * cubed - 3 * squared + 1) * start
        + (cubed - 2 * squared + t) * first
        + (3 * squared - 2 * cubed) * end
        + (cubed - squared) * last
    )
