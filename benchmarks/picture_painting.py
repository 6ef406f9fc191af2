"""Paint ink, paper and printed lines, and photograph them."""

import io
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

from benchmarks.stroke_rendering import Strokes, draw

Floats = npt.NDArray[np.float64]
Kind = Callable[[Strokes, np.random.Generator], bytes]

SIDE: Final = 800  # pixels, the width and the height of a photo
SCAN_SIZE: Final = (827, 1169)  # pixels, the width and the height of an A4 page at 100 dpi
BALLPOINT: Final = (25, 35, 110)
PRINT: Final = (55, 60, 70)


def ink_cover(
    strokes: Strokes, size: int, share: float, pen: float, rng: np.random.Generator
) -> Floats:
    """Return how much ink covers each pixel, 0 to 1. `pen` is a share of the digit's height."""
    width = max(2.0, pen * share * size)
    shift = rng.uniform(-0.05, 0.05, 2) * size * share
    grey = draw(strokes, size, share, width, (float(shift[0]), float(shift[1])))
    soft = Image.fromarray(255 - grey).filter(ImageFilter.GaussianBlur(0.8))
    return np.asarray(soft, float) / 255


def paint(page: Floats, cover: Floats, colour: tuple[float, ...] | Floats) -> Floats:
    """Return the page, (height, width, 3), with the colour where the cover, 0 to 1, is."""
    return np.asarray(page + cover[..., None] * (np.asarray(colour, float) - page))


def new_paper(rng: np.random.Generator) -> Floats:
    """Return an empty page, (SIDE, SIDE, 3), in a random white."""
    return np.full((SIDE, SIDE, 3), rng.uniform((225, 222, 205), (252, 252, 252)))


def line_cover(
    rng: np.random.Generator, draw_lines: Callable[[ImageDraw.ImageDraw], None], tilt: float = 6
) -> Floats:
    """Draw lines on an empty page, rotate it at random, and return the cover of the lines."""
    image = Image.new("L", (SIDE, SIDE))
    draw_lines(ImageDraw.Draw(image))
    image = image.rotate(rng.uniform(-tilt, tilt), Image.Resampling.BICUBIC)
    return np.asarray(image.filter(ImageFilter.GaussianBlur(0.7)), float) / 255


def take_photo(page: Floats, rng: np.random.Generator, noise: float = 3) -> bytes:
    """Add uneven light and noise, and compress the photo."""
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE - 0.5
    angle = rng.uniform(0, 2 * np.pi)
    light = 0.85 + 0.25 * rng.random() * (x * np.cos(angle) + y * np.sin(angle))
    photo = page * light[..., None] + rng.normal(0, noise, page.shape)
    return encode(photo, "JPEG", quality=int(rng.integers(75, 95)))


def random_shadow(rng: np.random.Generator) -> Floats:
    """Return the light next to the sharp edge of a shadow, 0 to 1, (SIDE, SIDE)."""
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE - 0.5
    angle = rng.uniform(0, 2 * np.pi)
    across = x * np.cos(angle) + y * np.sin(angle) - rng.uniform(-0.2, 0.2)
    shade = 1 / (1 + np.exp(-across / rng.uniform(0.004, 0.03)))
    return np.asarray(1 - rng.uniform(0.25, 0.5) * shade)


def encode(image: npt.NDArray[Any], format: str, **options: int) -> bytes:
    """Encode grey or colours, 0 to 255, as an image file."""
    buffer = io.BytesIO()
    Image.fromarray(image.clip(0, 255).astype(np.uint8)).save(buffer, format, **options)
    return buffer.getvalue()
