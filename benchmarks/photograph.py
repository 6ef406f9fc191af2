"""Photos of ink on paper, made from drawings, with what a phone adds: light, lines, noise."""

import io

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

Floats = npt.NDArray[np.float64]

PAPERS = ((250, 248, 240), (235, 225, 200), (255, 255, 255), (205, 215, 225))
INKS = ((25, 25, 30), (20, 40, 140), (150, 30, 40), (70, 70, 75))  # black, blue, red, pencil
ORIENTATION = 0x0112  # EXIF
ROTATED = {1: 0, 3: 180, 6: 90, 8: 270}  # what the camera was turned by, counter-clockwise


def photograph(canvas: npt.NDArray[np.uint8], rng: np.random.Generator) -> bytes:
    """A JPEG of the drawing on paper, plain, ruled or squared, or of chalk on a board.

    Takes (side, side) uint8, ink dark on white; the photo is 720 pixels wide and high, lit
    unevenly, with a shadow across it in half of the cases, and turned as EXIF says.
    """
    side = 720
    ink = Image.fromarray(255 - canvas).resize((side, side), Image.Resampling.BICUBIC)
    ink = ink.filter(ImageFilter.GaussianBlur(rng.uniform(0.5, 2)))
    cover = (np.asarray(ink, float) / 255)[..., None] * rng.uniform(0.75, 1)
    if rng.random() < 0.2:  # a blackboard
        page = np.full((side, side, 3), (40, 62, 50), float)
        page += cover * (np.array([230, 230, 225]) - page)
    else:
        page = np.full((side, side, 3), PAPERS[rng.integers(len(PAPERS))], float)
        page = _lines(page, rng)
        page += cover * (np.array(INKS[rng.integers(len(INKS))]) - page)
    page *= _light(side, rng)[..., None]
    page += rng.normal(0, rng.uniform(1, 6), page.shape)
    photo = Image.fromarray(page.clip(0, 255).astype(np.uint8))
    orientation = int(rng.choice(list(ROTATED)))
    photo = photo.rotate(ROTATED[orientation], expand=True)
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    buffer = io.BytesIO()
    photo.save(buffer, "JPEG", quality=int(rng.integers(60, 95)), exif=exif)
    return buffer.getvalue()


def _lines(page: Floats, rng: np.random.Generator) -> Floats:
    """Blue lines, a little tilted; on squared paper both ways, on plain paper none."""
    y, x = np.mgrid[: len(page), : len(page)].astype(float)
    tilt, gap, width = rng.uniform(-0.05, 0.05), rng.uniform(30, 120), rng.uniform(1.5, 4)
    ruled = ((y + tilt * x) % gap) < width
    squared = ruled | (((x - tilt * y) % gap) < width)
    lines = (np.zeros_like(ruled), ruled, squared)[rng.integers(3)]
    strength = rng.uniform(0.2, 0.55) * lines[..., None]
    return np.asarray(page + strength * (np.array([60, 110, 190]) - page))


def _light(side: int, rng: np.random.Generator) -> Floats:
    """Brightness in 0..1: brighter on one side, and in half of the cases a shadow over a part."""
    y, x = np.mgrid[:side, :side] / side - 0.5
    angle = rng.uniform(0, 2 * np.pi)
    light = 0.8 + rng.uniform(0, 0.35) * (x * np.cos(angle) + y * np.sin(angle))
    if rng.random() < 0.5:
        angle, edge = rng.uniform(0, 2 * np.pi), rng.uniform(-0.2, 0.2)
        across = x * np.cos(angle) + y * np.sin(angle) - edge
        light *= 1 - rng.uniform(0.2, 0.5) / (1 + np.exp(-across / rng.uniform(0.004, 0.04)))
    return np.asarray(light)
