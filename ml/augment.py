"""The same digits as another hand might have written them: slant, stretch, wobble, pen width."""

from typing import Final

import numpy as np
import numpy.typing as npt

from ml.normalize import SIDE

Images = npt.NDArray[np.uint8]
Field = npt.NDArray[np.float32]

ROTATION: Final = 0.20  # radians, standard deviation 1/2 of it; so for the others
SLANT: Final = 0.35  # pixels to the side a pixel of height
STRETCH: Final = 0.22  # share by which one axis grows and the other shrinks
SHIFT: Final = 1.2  # pixels
WOBBLE: Final = 1.4  # pixels, at the knots of the elastic grid
KNOTS: Final = 5
THICKER: Final = 0.25  # share of images whose pen is made wider, and as many narrower


def augment(images: Images, rng: np.random.Generator) -> Field:
    """Draw each image anew; takes (n, 28, 28) uint8, returns (n, 28, 28) float32 in 0..1.

    Random affine and elastic deformation (P. Simard et al., "Best Practices for Convolutional
    Neural Networks Applied to Visual Document Analysis", 2003) and a random change of pen width.
    """
    ink = _pen_width(images.astype(np.float32) / np.float32(255), rng)
    rows, columns = _affine(len(images), rng)
    drawn = _sample(ink, rows + _wobble(len(images), rng), columns + _wobble(len(images), rng))
    # The strongest ink is 1, as the normalizer leaves it.
    return drawn / np.maximum(drawn.max(axis=(1, 2), keepdims=True), 1 / 255)


def _affine(n: int, rng: np.random.Generator) -> tuple[Field, Field]:
    """Where each pixel of the new image looks in the old one: two (n, 28, 28) fields."""
    angle, slant, stretch, size, down, right = (
        rng.normal(0, sigma / 2, (n, 1, 1)).astype(np.float32)
        for sigma in (ROTATION, SLANT, STRETCH, STRETCH / 2, SHIFT, SHIFT)
    )
    middle = np.float32((SIDE - 1) / 2)
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32) - middle
    cosine, sine = np.cos(angle), np.sin(angle)
    rows = (cosine * y - sine * x) * np.exp(size + stretch)
    columns = (sine * y + cosine * x + slant * y) * np.exp(size - stretch)
    return rows + middle + down, columns + middle + right


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
