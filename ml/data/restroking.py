"""Redraw MNIST's digits with another pen: skeletonize the strokes, then draw wider ones.

The pens in MNIST are similar, and scanning blurred the edges. A redrawn digit looks as if it was
drawn on a screen or with a felt-tip pen.
"""

from typing import Final

import numpy as np
from PIL import Image, ImageDraw

from ml.arrays import IMAGE_SIDE, InkImage, Mask, Pixels
from ml.data.mnist import LabelledImages, stack
from ml.preprocessing.decode import BadImageError
from ml.preprocessing.normalize import INK_LEVEL, normalize

BATCH_SIZE: Final = 1000  # digits skeletonized at once; this takes many times their memory
SCALE: Final = 2  # digits are enlarged first, so that the lines are smoother
MARGIN: Final = IMAGE_SIDE // 2  # pixels around the digit, because wide strokes may leave the image
PEN_RADIUS: Final = 1.2, 6.0  # minimum and maximum, in pixels of the enlarged image

# `np.roll` by each of these aligns every pixel with one neighbour: north, north-east, east, ...
CLOCKWISE: Final = ((1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1))


def restroke(digits: LabelledImages, share: float, rng: np.random.Generator) -> LabelledImages:
    """Return copies of a random share of the digits, each redrawn with a pen of random width."""
    chosen = rng.choice(len(digits), round(share * len(digits)), replace=False)
    images: list[Pixels] = []
    labels: list[int] = []
    for start in range(0, len(chosen), BATCH_SIZE):
        batch = chosen[start : start + BATCH_SIZE]
        lines = thin(np.stack([_enlarge(digits.images[i]) for i in batch]) >= INK_LEVEL)
        for line, label in zip(lines, digits.labels[batch], strict=True):
            try:
                images.append(normalize(255 - _draw_with_pen(line, rng.uniform(*PEN_RADIUS))))
            except BadImageError:  # It is blank, or a wide pen turned it into a single dot.
                continue
            labels.append(label)
    return LabelledImages(stack(images), np.array(labels, np.uint8))


def thin(ink: Mask) -> Mask:
    """Skeletonize images, (n, height, width): thin the ink to connected lines one pixel wide.

    The algorithm is from T. Zhang and C. Suen, "A Fast Parallel Algorithm for Thinning Digital
    Patterns", 1984.
    """
    ink = np.pad(ink, ((0, 0), (1, 1), (1, 1)))
    changed = np.ones(len(ink), bool)
    while changed.any():
        before = ink[changed]
        after = before.copy()
        for is_first_pass in (True, False):
            after &= ~_removable(after, is_first_pass)
        ink[changed] = after
        changed[changed] = (after != before).any(axis=(1, 2))
    return ink[:, 1:-1, 1:-1]


def _removable(ink: Mask, is_first_pass: bool) -> Mask:
    """Return the border pixels that can be removed without disconnecting the ink.

    The first pass removes pixels on south and east borders and at north-west corners. The second
    pass removes pixels on north and west borders and at south-east corners.
    """
    around = [np.roll(ink, shift, (1, 2)) for shift in CLOCKWISE]
    north, _, east, _, south, _, west, _ = around
    neighbours = sum(pixels.astype(np.int8) for pixels in around)
    transitions = sum(
        (~here & there).astype(np.int8)
        for here, there in zip(around, around[1:] + around[:1], strict=True)
    )
    inner = east & south & (north | west) if is_first_pass else north & west & (east | south)
    return np.asarray(ink & ~inner & (neighbours >= 2) & (neighbours <= 6) & (transitions == 1))


def _enlarge(image: Pixels) -> InkImage:
    size = (SCALE * IMAGE_SIDE, SCALE * IMAGE_SIDE)
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BICUBIC))


def _draw_with_pen(line: Mask, radius: float) -> InkImage:
    """Draw a disc around each pixel of the line."""
    side = SCALE * (IMAGE_SIDE + 2 * MARGIN)
    image = Image.new("L", (side, side))
    draw = ImageDraw.Draw(image)
    for row, column in np.argwhere(line) + SCALE * MARGIN:
        draw.circle((column, row), radius, fill=255)
    return np.asarray(image)
