"""Augment images at random: rotate, slant, stretch, bend and shift them, and vary the pen width."""

from typing import Final

import numpy as np

from ml.arrays import IMAGE_SIDE, Field, Images

CENTRE: Final = np.float32((IMAGE_SIDE - 1) / 2)
# The offsets of each pixel from the centre.
Y, X = np.mgrid[:IMAGE_SIDE, :IMAGE_SIDE].astype(np.float32) - CENTRE

MAX_STRENGTH: Final = 1.6  # upper limit of the random factor for an image's displacements
# ROTATION to ELASTIC are each twice the standard deviation of a normally distributed amount.
ROTATION: Final = 0.20  # radians
SLANT: Final = 0.35  # horizontal pixels per vertical pixel
STRETCH: Final = 0.22  # log of the factor by which one axis grows and the other shrinks
BEND: Final = 1.2  # pixels, at 10 pixels from the centre
SHIFT: Final = 1.2  # pixels
ELASTIC: Final = 1.4  # pixels, at each knot of the elastic grid
KNOT_COUNT: Final = 5  # per axis
PEN_WIDTH_SHARE: Final = 0.25  # fraction of images with wider strokes; as many get narrower ones


def augment(images: Images, rng: np.random.Generator, max_strength: float = MAX_STRENGTH) -> Field:
    """Deform each image at random.

    Takes (n, 28, 28) uint8 and returns (n, 28, 28) float32 in 0..1. Changes the pen width, and
    applies affine and elastic deformations (P. Simard et al., "Best Practices for Convolutional
    Neural Networks Applied to Visual Document Analysis", 2003).
    """
    ink = _vary_pen_width(images.astype(np.float32) / np.float32(255), rng)
    n = len(images)
    # Because of the square, most deformations are small, as in people's handwriting.
    strength = max_strength * rng.random((n, 1, 1), np.float32) ** 2
    down, right = _affine_field(n, rng)
    rows = Y + CENTRE + strength * (down + _elastic_field(n, rng))
    columns = X + CENTRE + strength * (right + _elastic_field(n, rng))
    deformed = _sample(ink, rows, columns)
    # Scale the strongest ink to 1, as `normalize` scales it to 255.
    return deformed / np.maximum(deformed.max(axis=(1, 2), keepdims=True), 1 / 255)


def _affine_field(n: int, rng: np.random.Generator) -> tuple[Field, Field]:
    """Return random affine displacements, downward and to the right: (n, 28, 28), in pixels."""
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
    """Return random displacements that are quadratic in the pixel's offset from the centre."""
    terms = np.stack([Y * Y, X * Y, X * X]).reshape(3, -1) / 100
    amounts = rng.normal(0, BEND / 2, (n, 3)).astype(np.float32)
    return np.asarray((amounts @ terms).reshape(n, IMAGE_SIDE, IMAGE_SIDE), np.float32)


def _elastic_field(n: int, rng: np.random.Generator) -> Field:
    """Return smooth random displacements. A coarse grid of random values is interpolated."""
    positions = np.linspace(0, KNOT_COUNT - 1, IMAGE_SIDE)
    weights = np.maximum(0, 1 - abs(positions[:, None] - np.arange(KNOT_COUNT))).astype(np.float32)
    knots = rng.normal(0, ELASTIC / 2, (n, KNOT_COUNT, KNOT_COUNT)).astype(np.float32)
    return np.asarray(weights @ knots @ weights.T, np.float32)


def _sample(ink: Field, rows: Field, columns: Field) -> Field:
    """Sample `ink` at fractional positions (bilinear). Positions outside the image are paper."""
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
    """Widen the strokes of some images and narrow those of others, by up to a pixel per side."""
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
