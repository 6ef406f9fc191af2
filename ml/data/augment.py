"""Deform digits as another hand might write them: slant, stretch, bends and pen width."""

from typing import Final

import numpy as np

from ml.arrays import IMAGE_SIDE, Field, Images

CENTRE: Final = np.float32((IMAGE_SIDE - 1) / 2)
Y, X = np.mgrid[:IMAGE_SIDE, :IMAGE_SIDE].astype(np.float32) - CENTRE  # pixels from the centre

MAX_STRENGTH: Final = 1.6  # each image is deformed by 0 to 1.6 times the amounts below
# Twice the standard deviation of each random amount.
ROTATION: Final = 0.20  # radians
SLANT: Final = 0.35  # pixels to the side for each pixel of height
STRETCH: Final = 0.22  # share by which one axis grows and the other one shrinks
BEND: Final = 1.2  # pixels, at 10 pixels from the centre
SHIFT: Final = 1.2  # pixels
ELASTIC: Final = 1.4  # pixels, at the knots of the elastic grid
KNOTS: Final = 5  # in each direction
PEN_WIDTH_SHARE: Final = 0.25  # of the images get a wider pen, and as many a narrower one


def augment(images: Images, rng: np.random.Generator, max_strength: float = MAX_STRENGTH) -> Field:
    """Deform each image at random; takes (n, 28, 28) uint8, returns (n, 28, 28) float32 in 0..1.

    Applies a random affine and elastic deformation (P. Simard et al., "Best Practices for
    Convolutional Neural Networks Applied to Visual Document Analysis", 2003) and a random change
    of the pen width.
    """
    ink = _vary_pen_width(images.astype(np.float32) / np.float32(255), rng)
    n = len(images)
    # The square deforms most images little and few of them much, as people's hands do.
    strength = max_strength * rng.random((n, 1, 1), np.float32) ** 2
    down, right = _affine_field(n, rng)
    rows = Y + CENTRE + strength * (down + _elastic_field(n, rng))
    columns = X + CENTRE + strength * (right + _elastic_field(n, rng))
    deformed = _sample(ink, rows, columns)
    # The strongest ink is 1, as in the normalizer's output.
    return deformed / np.maximum(deformed.max(axis=(1, 2), keepdims=True), 1 / 255)


def _affine_field(n: int, rng: np.random.Generator) -> tuple[Field, Field]:
    """Return the displacements down and to the right: two (n, 28, 28) fields, in pixels."""
    angle, slant, stretch, size, down, right = (
        rng.normal(0, sigma / 2, (n, 1, 1)).astype(np.float32)
        for sigma in (ROTATION, SLANT, STRETCH, STRETCH / 2, SHIFT, SHIFT)
    )
    cosine, sine = np.cos(angle), np.sin(angle)
    rows = (cosine * Y - sine * X) * np.exp(size + stretch)
    rows = rows + _quadratic_field(n, rng)
    columns = (sine * Y + cosine * X + slant * Y) * np.exp(size - stretch)
    columns = columns + _quadratic_field(n, rng)
    return rows - Y + down, columns - X + right


def _quadratic_field(n: int, rng: np.random.Generator) -> Field:
    """Return a random displacement that grows with the square of the distance from the centre."""
    terms = np.stack([Y * Y, X * Y, X * X]).reshape(3, -1) / 100
    amounts = rng.normal(0, BEND / 2, (n, 3)).astype(np.float32)
    return np.asarray((amounts @ terms).reshape(n, IMAGE_SIDE, IMAGE_SIDE), np.float32)


def _elastic_field(n: int, rng: np.random.Generator) -> Field:
    """Return a smooth random displacement: a grid of knots, interpolated over the image."""
    positions = np.linspace(0, KNOTS - 1, IMAGE_SIDE)
    weights = np.maximum(0, 1 - abs(positions[:, None] - np.arange(KNOTS))).astype(np.float32)
    knots = rng.normal(0, ELASTIC / 2, (n, KNOTS, KNOTS)).astype(np.float32)
    return np.asarray(weights @ knots @ weights.T, np.float32)


def _sample(ink: Field, rows: Field, columns: Field) -> Field:
    """Return `ink` at fractional positions, interpolated; positions outside are paper."""
    padded = np.pad(ink, ((0, 0), (1, 1), (1, 1)))
    width = IMAGE_SIDE + 2
    rows, columns = (np.clip(at + 1, 0, IMAGE_SIDE + 0.999) for at in (rows, columns))
    top, left = rows.astype(np.int32), columns.astype(np.int32)
    down, right = rows - top, columns - left
    first = np.arange(len(ink), dtype=np.int32)[:, None, None] * width * width
    corner = first + top * width + left
    flat = padded.ravel()
    upper = flat[corner] * (1 - right) + flat[corner + 1] * right
    lower = flat[corner + width] * (1 - right) + flat[corner + width + 1] * right
    return np.asarray(upper * (1 - down) + lower * down, np.float32)


def _vary_pen_width(ink: Field, rng: np.random.Generator) -> Field:
    """Widen some strokes and narrow others, by up to a pixel on either side."""
    choice = rng.random(len(ink))
    amount = rng.random((len(ink), 1, 1)).astype(np.float32)
    changed = ink.copy()
    for chosen, extreme in (
        (choice < PEN_WIDTH_SHARE, np.maximum),
        (choice > 1 - PEN_WIDTH_SHARE, np.minimum),
    ):
        some = ink[chosen]
        up, down = np.roll(some, -1, 1), np.roll(some, 1, 1)
        left, right = np.roll(some, -1, 2), np.roll(some, 1, 2)
        cross = extreme(some, extreme(extreme(up, down), extreme(left, right)))
        changed[chosen] = some + amount[chosen] * (cross - some)
    return changed
