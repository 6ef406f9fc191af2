"""Pictures that are not a digit, made from digits and random lines, to learn to say so."""

from collections.abc import Callable
from typing import Final

import numpy as np
from PIL import Image, ImageDraw

from ml.augment import Images
from ml.decode import BadImageError
from ml.normalize import Pixels, normalize

# Digits that turned or mirrored are no digit any more (a mirrored 5 would be a 2).
MIRRORED: Final = (3, 4, 6, 7, 9)
LYING: Final = (3, 4, 5)
CANVAS: Final = 84


def outliers(count: int, images: Images, labels: Images, rng: np.random.Generator) -> Images:
    """`count` normalized pictures, (count, 28, 28) uint8, equally many of each kind.

    `images` (n, 28, 28) and `labels` (n,) are digits to make them from.
    """
    makers: tuple[Callable[[], Pixels], ...] = (
        lambda: _scribble(rng),
        lambda: _noise(rng),
        lambda: np.flip(_pick(images, labels, MIRRORED, rng), 1),
        lambda: np.rot90(_pick(images, labels, LYING, rng)),
        lambda: _side_by_side(images, rng),
    )
    made: list[Pixels] = []
    while len(made) < count:
        try:
            made.append(normalize(255 - makers[len(made) % len(makers)]()))
        except BadImageError:  # a scribble that came out as a dot
            continue
    return np.stack(made) if made else np.empty((0, 28, 28), np.uint8)


def _pick(
    images: Images, labels: Images, digits: tuple[int, ...], rng: np.random.Generator
) -> Pixels:
    while True:
        i = rng.integers(len(images))
        if labels[i] in digits:
            return images[i]


def _side_by_side(images: Images, rng: np.random.Generator) -> Pixels:
    chosen = images[rng.integers(len(images), size=rng.integers(2, 4))]
    return np.concatenate([image[:, 4:24] for image in chosen], axis=1)


def _scribble(rng: np.random.Generator) -> Pixels:
    """A pen that wanders with changing curvature, up and down a few times."""
    picture = Image.new("L", (CANVAS, CANVAS))
    pencil = ImageDraw.Draw(picture)
    width = int(rng.integers(3, 9))
    for _ in range(rng.integers(2, 5)):
        turns = np.cumsum(rng.normal(0, 0.6, 80)) * rng.uniform(0.3, 1.2) + rng.uniform(0, 7)
        steps = np.stack([np.cos(turns), np.sin(turns)], 1) * rng.uniform(2, 7)
        points = (rng.uniform(20, CANVAS - 20, 2) + np.cumsum(steps, 0)).clip(6, CANVAS - 6)
        pencil.line([(float(x), float(y)) for x, y in points], fill=255, width=width, joint="curve")
    return np.asarray(picture)


def _noise(rng: np.random.Generator) -> Pixels:
    coarse = int(rng.integers(4, 28))
    speckle = (rng.random((coarse, coarse)) < rng.uniform(0.1, 0.6)).astype(np.uint8) * 255
    speckle[0, 0] = 255
    return np.asarray(Image.fromarray(speckle).resize((28, 28), Image.Resampling.BILINEAR))
