"""Pictures that are not a digit, made to learn to say so: letters, scribbles, parts of digits."""

from collections.abc import Callable
from typing import Final

import numpy as np
from PIL import Image

from ml.augment import Images
from ml.decode import BadImageError
from ml.letters import Stroke, draw_strokes, letter
from ml.normalize import Pixels, normalize

# Digits that turned or mirrored are no digit any more (a mirrored 5 would be a 2).
MIRRORED: Final = (3, 4, 6, 7, 9)
LYING: Final = (3, 4, 5)
UPPER_HALF_IS_NONE: Final = (0, 4)
LOWER_HALF_IS_NONE: Final = (0, 2)


def outliers(count: int, images: Images, labels: Images, rng: np.random.Generator) -> Images:
    """`count` normalized pictures, (count, 28, 28) uint8; six of ten are letters.

    `images` (n, 28, 28) and `labels` (n,) are digits to make some of the others from.
    """

    def pick(digits: tuple[int, ...]) -> Pixels:
        return images[rng.choice(np.flatnonzero(np.isin(labels, digits)))]

    makers: tuple[Callable[[], Pixels], ...] = (
        *[lambda: letter(rng)] * 12,
        lambda: scribble(rng),
        lambda: _doodle(rng),
        lambda: _noise(rng),
        lambda: np.flip(pick(MIRRORED), 1),
        lambda: np.rot90(pick(LYING)),
        lambda: _half(pick(UPPER_HALF_IS_NONE), slice(None, 14)),
        lambda: _half(pick(LOWER_HALF_IS_NONE), slice(14, None)),
        lambda: _side_by_side(images, rng),
    )
    made: list[Pixels] = []
    while len(made) < count:
        try:
            made.append(normalize(255 - makers[len(made) % len(makers)]()))
        except BadImageError:  # a scribble that came out as a dot
            continue
    return np.stack(made) if made else np.empty((0, 28, 28), np.uint8)


def _half(digit: Pixels, rows: slice) -> Pixels:
    return np.pad(digit[rows], 14)


def _side_by_side(images: Images, rng: np.random.Generator) -> Pixels:
    chosen = images[rng.integers(len(images), size=rng.integers(2, 4))]
    return np.concatenate([image[:, 4:24] for image in chosen], axis=1)


def scribble(rng: np.random.Generator) -> Pixels:
    """A pen that wanders, goes to and fro, or round and round, for longer than a digit needs."""
    t = np.linspace(0, 1, 120)
    match rng.integers(3):
        case 0:
            turns = np.cumsum(rng.normal(0, 0.6, len(t))) * rng.uniform(0.5, 1.5)
            path = np.stack([np.cumsum(np.cos(turns)), np.cumsum(np.sin(turns))], 1)
        case 1:
            ups = np.abs((t * rng.uniform(4, 12)) % 2 - 1)
            path = np.stack([t + rng.normal(0, 0.02, len(t)), ups * rng.uniform(0.3, 1.5)], 1)
        case _:
            angle, radius = t * rng.uniform(16, 40), t + rng.uniform(0, 1)
            path = np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1)
    turn = rng.uniform(0, 2 * np.pi)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return draw_strokes([path @ rotation * rng.uniform(0.6, 1.4, 2)], rng)


def _doodle(rng: np.random.Generator) -> Pixels:
    """Four to seven bows and lines in any places: signs that nobody's alphabet has."""
    return draw_strokes([_bow(rng) for _ in range(rng.integers(4, 8))], rng)


def _bow(rng: np.random.Generator) -> Stroke:
    start, middle, end = rng.uniform(0, 1, (3, 2))
    t = np.linspace(0, 1, 10)[:, None]
    return np.asarray((1 - t) ** 2 * start + 2 * t * (1 - t) * middle + t**2 * end)


def _noise(rng: np.random.Generator) -> Pixels:
    """Spots or greys in blocks of any size."""
    coarse = int(rng.integers(4, 28))
    values = rng.random((coarse, coarse))
    if rng.random() < 0.5:
        values = (values < rng.uniform(0.1, 0.6)).astype(float)
    field = (values * 255).astype(np.uint8)
    field[0, 0] = 255
    return np.asarray(Image.fromarray(field).resize((28, 28), Image.Resampling.BILINEAR))
