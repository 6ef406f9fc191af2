"""Redraw MNIST's digits with another pen: thin them to a line and draw it at a random width.

MNIST's pens are similar, and its scanner blurs the edges in its own way. A redrawn digit looks as
if it came from a screen or a felt-tip pen.
"""

from typing import Final

import numpy as np
from PIL import Image, ImageDraw

from ml.arrays import IMAGE_SIDE, InkImage, Mask, Pixels
from ml.data.mnist import LabelledImages
from ml.preprocessing.decode import BadImageError
from ml.preprocessing.normalize import INK_LEVEL, normalize

BATCH_SIZE: Final = 1000  # digits thinned at once; thinning needs many times their memory
SCALE: Final = 2  # digits are thinned at this size, for a smoother line
MARGIN: Final = IMAGE_SIDE // 2  # pixels around the digit, because a wide pen may leave the image
PEN_RADIUS: Final = 1.2, 6.0  # the smallest and the largest, in pixels of the enlarged image

# Rolling an image by these aligns each pixel with its northern, north-eastern, ... neighbour.
CLOCKWISE: Final = ((1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1))


def restroke(digits: LabelledImages, share: float, rng: np.random.Generator) -> LabelledImages:
    """Return copies of a share of the digits, each redrawn with a pen of random width."""
    chosen = rng.choice(len(digits), round(share * len(digits)), replace=False)
    images: list[Pixels] = []
    labels: list[int] = []
    for batch in np.split(chosen, range(BATCH_SIZE, len(chosen), BATCH_SIZE)):
        lines = thin(np.stack([_enlarge(digits.images[i]) for i in batch]) >= INK_LEVEL)
        for line, label in zip(lines, digits.labels[batch], strict=True):
            try:
                images.append(normalize(255 - _draw_with_pen(line, rng.uniform(*PEN_RADIUS))))
            except BadImageError:  # the digit is so small that the pen fills it
                continue
            labels.append(label)
    return LabelledImages(np.stack(images), np.array(labels, np.uint8))


def thin(ink: Mask) -> Mask:
    """Thin the ink of (n, height, width) images to lines of one pixel that stay connected.

    T. Zhang and C. Suen, "A Fast Parallel Algorithm for Thinning Digital Patterns", 1984.
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
    """Return the border pixels that connect nothing: south-east first, north-west second."""
    around = [np.roll(ink, shift, (1, 2)) for shift in CLOCKWISE]
    north, _, east, _, south, _, west, _ = around
    neighbours = sum(pixels.astype(np.int8) for pixels in around)
    pieces = sum(
        (~here & there).astype(np.int8)
        for here, there in zip(around, around[1:] + around[:1], strict=True)
    )
    inner = east & south & (north | west) if is_first_pass else north & west & (east | south)
    return np.asarray(ink & ~inner & (neighbours >= 2) & (neighbours <= 6) & (pieces == 1))


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
