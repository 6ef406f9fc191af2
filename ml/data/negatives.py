"""Make negatives: images of the class "not a digit".

They show letters, symbols, scribbles, noise, mirrored, rotated and halved digits, and several
digits side by side.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
from PIL import Image

from ml.arrays import IMAGE_SIDE, Images, InkImage, Pixels
from ml.data.digit_styles import bezier
from ml.data.glyphs import Stroke, draw_glyph, draw_strokes
from ml.data.mnist import LabelledImages, stack
from ml.preprocessing.decode import BadImageError
from ml.preprocessing.normalize import normalize
from ml.runtime import NOT_A_DIGIT

# These digits do not look like a digit after the change. A mirrored 5, for example, could be a 2.
MIRRORED_DIGITS: Final = (3, 4, 6, 7, 9)
ROTATED_DIGITS: Final = (3, 4, 5)
UPPER_HALF_DIGITS: Final = (0, 4)
LOWER_HALF_DIGITS: Final = (0, 2)
GLYPHS_PER_CYCLE: Final = 12  # letters and symbols among each 20 negatives
HALF: Final = IMAGE_SIDE // 2  # pixels


def make_negatives(count: int, digits: LabelledImages, rng: np.random.Generator) -> LabelledImages:
    """Return `count` normalized images that are not a digit. Some are made from `digits`."""
    makers = _makers(digits, rng)
    images: list[Pixels] = []
    while len(images) < count:
        try:
            images.append(normalize(255 - makers[len(images) % len(makers)]()))
        except BadImageError:  # The image is blank or a single dot.
            continue
    return LabelledImages(stack(images), np.full(count, NOT_A_DIGIT, np.uint8))


def _makers(digits: LabelledImages, rng: np.random.Generator) -> tuple[Callable[[], InkImage], ...]:
    """Return one cycle of functions. Each draws one image."""

    def pick(labels: tuple[int, ...]) -> Pixels:
        return digits.images[rng.choice(np.flatnonzero(np.isin(digits.labels, labels)))]

    return (
        *[lambda: draw_glyph(rng)] * GLYPHS_PER_CYCLE,
        lambda: scribble(rng),
        lambda: _doodle(rng),
        lambda: _noise(rng),
        lambda: np.flip(pick(MIRRORED_DIGITS), 1),
        lambda: np.rot90(pick(ROTATED_DIGITS)),
        lambda: _half(pick(UPPER_HALF_DIGITS), slice(None, HALF)),
        lambda: _half(pick(LOWER_HALF_DIGITS), slice(HALF, None)),
        lambda: _side_by_side(digits.images, rng),
    )


def _half(digit: Pixels, rows: slice) -> InkImage:
    return np.pad(digit[rows], HALF)


def _side_by_side(images: Images, rng: np.random.Generator) -> InkImage:
    """Join the middle 20 columns of two or three digits. The outer columns are usually blank."""
    chosen = images[rng.integers(len(images), size=rng.integers(2, 4))]
    return np.concatenate([image[:, 4:24] for image in chosen], axis=1)


def scribble(rng: np.random.Generator) -> InkImage:
    """Draw a random walk, a zigzag or a spiral that is longer than the strokes of a digit."""
    t = np.linspace(0, 1, 120)
    path = (_wander, _zigzag, _spiral)[rng.integers(3)](t, rng)
    turn = rng.uniform(0, 2 * np.pi)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return draw_strokes([path @ rotation * rng.uniform(0.6, 1.4, 2)], rng)


def _wander(t: Stroke, rng: np.random.Generator) -> Stroke:
    turns = np.cumsum(rng.normal(0, 0.6, len(t))) * rng.uniform(0.5, 1.5)
    return np.stack([np.cumsum(np.cos(turns)), np.cumsum(np.sin(turns))], 1)


def _zigzag(t: Stroke, rng: np.random.Generator) -> Stroke:
    height = np.abs((t * rng.uniform(4, 12)) % 2 - 1)
    return np.stack([t + rng.normal(0, 0.02, len(t)), height * rng.uniform(0.3, 1.5)], 1)


def _spiral(t: Stroke, rng: np.random.Generator) -> Stroke:
    angle, radius = t * rng.uniform(16, 40), t + rng.uniform(0, 1)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1)


def _doodle(rng: np.random.Generator) -> InkImage:
    """Draw four to seven curves at random positions, like a symbol of an unknown script."""
    return draw_strokes([_curve(rng) for _ in range(rng.integers(4, 8))], rng)


def _curve(rng: np.random.Generator) -> Stroke:
    """Return ten points of a random quadratic Bezier curve."""
    start, control, end = rng.uniform(0, 1, (3, 2))
    return bezier(start, control, end, count=10)


def _noise(rng: np.random.Generator) -> InkImage:
    """Draw a coarse grid of random greys or random spots, and smooth it."""
    coarse = int(rng.integers(4, IMAGE_SIDE))
    values = rng.random((coarse, coarse))
    if rng.random() < 0.5:
        values = (values < rng.uniform(0.1, 0.6)).astype(float)
    field = (values * 255).astype(np.uint8)
    field[0, 0] = 255  # so that at least one pixel is ink
    size = (IMAGE_SIDE, IMAGE_SIDE)
    return np.asarray(Image.fromarray(field).resize(size, Image.Resampling.BILINEAR))
