"""The same digits as another hand might have written them: slant, stretch, wobble, pen width."""

from typing import Final

import numpy as np
import numpy.typing as npt

from ml.normalize import SIDE

MIDDLE: Final = np.float32((SIDE - 1) / 2)
Y, X = np.mgrid[:SIDE, :SIDE].astype(np.float32) - MIDDLE

Images = npt.NDArray[np.uint8]
Field = npt.NDArray[np.float32]

STRONGEST: Final = 1.6  # an image is deformed by 0 to so many times what follows
ROTATION: Final = 0.20  # radians, standard deviation 1/2 of it; so for the others
SLANT: Final = 0.35  # pixels to the side a pixel of height
STRETCH: Final = 0.22  # share by which one axis grows and the other shrinks
BEND: Final = 1.2  # pixels, at 10 pixels from the middle
SHIFT: Final = 1.2  # pixels
WOBBLE: Final = 1.4  # pixels, at the knots of the elastic grid
KNOTS: Final = 5
THICKER: Final = 0.25  # share of images whose pen is made wider, and as many narrower


def augment(images: Images, rng: np.random.Generator, strongest: float = STRONGEST) -> Field:
    """Draw each image anew; takes (n, 28, 28) uint8, returns (n, 28, 28) float32 in 0..1.

    Random affine and elastic deformation (P. Simard et al., "Best Practices for Convolutional
    Neural Networks Applied to Visual Document Analysis", 2003) and a random change of pen width.
    """
    ink = _pen_width(images.astype(np.float32) / np.float32(255), rng)
    n = len(images)
    # Most of them little and few of them much: as MNIST has them, and as others might.
    strength = strongest * rng.random((n, 1, 1), np.float32) ** 2
    down, right = _moved(n, rng)
    rows = Y + MIDDLE + strength * (down + _wobble(n, rng))
    columns = X + MIDDLE + strength * (right + _wobble(n, rng))
    drawn = _sample(ink, rows, columns)
    # The strongest ink is 1, as the normalizer leaves it.
    return drawn / np.maximum(drawn.max(axis=(1, 2), keepdims=True), 1 / 255)


def _moved(n: int, rng: np.random.Generator) -> tuple[Field, Field]:
    """How far down and right each pixel looks in the old image: two (n, 28, 28) fields."""
    angle, slant, stretch, size, down, right = (
        rng.normal(0, sigma / 2, (n, 1, 1)).astype(np.float32)
        for sigma in (ROTATION, SLANT, STRETCH, STRETCH / 2, SHIFT, SHIFT)
    )
    cosine, sine = np.cos(angle), np.sin(angle)
    rows = (cosine * Y - sine * X) * np.exp(size + stretch) + _bend(n, rng)
    columns = (sine * Y + cosine * X + slant * Y) * np.exp(size - stretch) + _bend(n, rng)
    return rows - Y + down, columns - X + right


def _bend(n: int, rng: np.random.Generator) -> Field:
    """A random displacement that grows with the square of the distance from the middle."""
    terms = np.stack([Y * Y, X * Y, X * X]).reshape(3, -1) / 100
    amounts = rng.normal(0, BEND / 2, (n, 3)).astype(np.float32)
    return np.asarray((amounts @ terms).reshape(n, SIDE, SIDE), np.float32)


def _wobble(n: int, rng: np.random.Generator) -> Field:
    """A smooth random displacement: a coarse grid of knots, spread linearly over the image."""
    at = np.linspace(0, KNOTS - 1, SIDE)
    spread = np.maximum(0, 1 - abs(at[:, None] - np.arange(KNOTS))).astype(np.float32)
    knots = rng.normal(0, WOBBLE / 2, (n, KNOTS, KNOTS)).astype(np.float32)
    return np.asarray(spread @ knots @ spread.T, np.float32)


def _sample(ink: Field, rows: Field, columns: Field) -> Field:
    """Read `ink` at fractional places, linearly between pixels, paper outside."""
    padded = np.pad(ink, ((0, 0), (1, 1), (1, 1)))
    width = SIDE + 2
    rows, columns = (np.clip(at + 1, 0, SIDE + 0.999) for at in (rows, columns))
    top, left = rows.astype(np.int32), columns.astype(np.int32)
    down, right = rows - top, columns - left
    first = np.arange(len(ink), dtype=np.int32)[:, None, None] * width * width
    corner = first + top * width + left
    flat = padded.ravel()
    upper = flat[corner] * (1 - right) + flat[corner + 1] * right
    lower = flat[corner + width] * (1 - right) + flat[corner + width + 1] * right
    return np.asarray(upper * (1 - down) + lower * down, np.float32)


def _pen_width(ink: Field, rng: np.random.Generator) -> Field:
    """Widen some strokes and narrow others, by up to a pixel on either side."""
    fate = rng.random(len(ink))
    amount = rng.random((len(ink), 1, 1)).astype(np.float32)
    changed = ink.copy()
    for chosen, extreme in (
        (fate < THICKER, np.maximum),
        (fate > 1 - THICKER, np.minimum),
    ):
        some = ink[chosen]
        up, down = np.roll(some, -1, 1), np.roll(some, 1, 1)
        left, right = np.roll(some, -1, 2), np.roll(some, 1, 2)
        cross = extreme(some, extreme(extreme(up, down), extreme(left, right)))
        changed[chosen] = some + amount[chosen] * (cross - some)
    return changed
