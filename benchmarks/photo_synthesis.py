"""Make synthetic photos of drawings on paper or on a blackboard."""

import io
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

Floats = npt.NDArray[np.float64]

SIDE: Final = 720  # pixels, the width and the height of a photo
PAPERS: Final = ((250, 248, 240), (235, 225, 200), (255, 255, 255), (205, 215, 225))
INKS: Final = ((25, 25, 30), (20, 40, 140), (150, 30, 40), (70, 70, 75))  # black, blue, red, pencil
BLACKBOARD: Final = (40, 62, 50)
CHALK: Final = (230, 230, 225)
BLACKBOARD_PROBABILITY: Final = 0.2
EXIF_ORIENTATION: Final = 0x0112
# The rotation of the stored image, in degrees counter-clockwise, for each value of the EXIF tag.
ROTATIONS: Final = {1: 0, 3: 180, 6: 90, 8: 270}


def photograph(canvas: npt.NDArray[np.uint8], rng: np.random.Generator) -> bytes:
    """Return a synthetic JPEG photo of a drawing on paper, or with chalk on a blackboard.

    Takes (side, side) uint8, dark ink on white. The photo has uneven light, noise, and often a
    shadow and printed lines. It may be stored rotated, and its EXIF data contains the orientation.
    """
    ink = Image.fromarray(255 - canvas).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    ink = ink.filter(ImageFilter.GaussianBlur(rng.uniform(0.5, 2)))
    cover = (np.asarray(ink, float) / 255)[..., None] * rng.uniform(0.75, 1)
    page = _page(cover, rng)
    page *= _light(rng)[..., None]
    page += rng.normal(0, rng.uniform(1, 6), page.shape)
    return _to_jpeg(Image.fromarray(page.clip(0, 255).astype(np.uint8)), rng)


def _page(cover: Floats, rng: np.random.Generator) -> Floats:
    """Return the page in colour. `cover`, (SIDE, SIDE, 1) in 0..1, is the amount of ink."""
    if rng.random() < BLACKBOARD_PROBABILITY:
        page = np.full((SIDE, SIDE, 3), BLACKBOARD, float)
        return np.asarray(page + cover * (np.array(CHALK) - page))
    page = np.full((SIDE, SIDE, 3), PAPERS[rng.integers(len(PAPERS))], float)
    page = _add_lines(page, rng)
    return np.asarray(page + cover * (np.array(INKS[rng.integers(len(INKS))]) - page))


def _to_jpeg(photo: Image.Image, rng: np.random.Generator) -> bytes:
    """Rotate the photo, store its orientation in the EXIF data, and compress it."""
    orientation = int(rng.choice(list(ROTATIONS)))
    exif = Image.Exif()
    exif[EXIF_ORIENTATION] = orientation
    buffer = io.BytesIO()
    rotated = photo.rotate(ROTATIONS[orientation], expand=True)
    rotated.save(buffer, "JPEG", quality=int(rng.integers(60, 95)), exif=exif)
    return buffer.getvalue()


def _add_lines(page: Floats, rng: np.random.Generator) -> Floats:
    """Add slightly tilted blue lines at random: no lines, horizontal ones, or a grid."""
    y, x = np.mgrid[: len(page), : len(page)].astype(float)
    tilt, gap, width = rng.uniform(-0.05, 0.05), rng.uniform(30, 120), rng.uniform(1.5, 4)
    ruled = ((y + tilt * x) % gap) < width
    grid = ruled | (((x - tilt * y) % gap) < width)
    lines = (np.zeros_like(ruled), ruled, grid)[rng.integers(3)]
    strength = rng.uniform(0.2, 0.55) * lines[..., None]
    return np.asarray(page + strength * (np.array([60, 110, 190]) - page))


def _light(rng: np.random.Generator) -> Floats:
    """Return the brightness, (SIDE, SIDE): a gradient and, half of the time, a shadow."""
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE - 0.5
    angle = rng.uniform(0, 2 * np.pi)
    light = 0.8 + rng.uniform(0, 0.35) * (x * np.cos(angle) + y * np.sin(angle))
    if rng.random() < 0.5:
        angle, edge = rng.uniform(0, 2 * np.pi), rng.uniform(-0.2, 0.2)
        across = x * np.cos(angle) + y * np.sin(angle) - edge
        light *= 1 - rng.uniform(0.2, 0.5) / (1 + np.exp(-across / rng.uniform(0.004, 0.04)))
    return np.asarray(light)
