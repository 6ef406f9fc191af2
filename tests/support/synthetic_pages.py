"""Synthetic pictures with several rows of digits."""

import io

import numpy as np
from PIL import Image, ImageDraw, ImageOps

from tests.support.synthetic_digits import draw, row_of

WIDTH, PITCH = 800, 130
ROWS = ((4, 2, 0), (7, 3), (1, 8, 6))


def draw_page(rows=ROWS, ruled=False, cell=None):
    """Return a picture of the rows, (height, WIDTH)."""
    image = Image.new("L", (WIDTH, PITCH * (len(rows) + 1)), 255)
    for number, digits in enumerate(rows):
        if ruled:
            top = round((number + 1.15) * PITCH)
            ImageDraw.Draw(image).line((0, top, WIDTH, top), fill=150, width=2)
        for place, digit in enumerate(digits):
            drawn = Image.fromarray(draw(row_of(digit, seed=number), size=130, share=0.6, pen=8))
            image.paste(0, (80 + place * (cell or 90), number * PITCH + 40), ImageOps.invert(drawn))
    return image


def photo(image, tilt):
    """Return a JPEG photo with uneven light, noise and a tilt in degrees."""
    turned = image.rotate(tilt, Image.Resampling.BICUBIC, fillcolor=255)
    noise = np.random.default_rng(1).normal(0, 3, (image.height, image.width))
    lit = np.asarray(turned, float) * np.linspace(0.7, 0.95, image.width) + noise
    buffer = io.BytesIO()
    Image.fromarray(lit.clip(0, 255).astype(np.uint8)).save(buffer, "JPEG")
    return buffer.getvalue()
