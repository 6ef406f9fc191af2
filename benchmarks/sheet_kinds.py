"""Generate photos of digits on sheets that lie on a table."""

import io
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from benchmarks.picture_painting import (
    BALLPOINT,
    SIDE,
    Floats,
    Kind,
    encode,
    ink_cover,
    new_paper,
    paint,
    random_shadow,
    take_photo,
)
from benchmarks.stroke_rendering import Strokes


def sheet_in_perspective(strokes: Strokes, rng: np.random.Generator) -> bytes:
    """Photograph a turned sheet on a table, from the side."""
    page = paint(new_paper(rng), ink_cover(strokes, SIDE, 0.5, 0.09, rng), BALLPOINT)
    low, high = 0.08 * SIDE, 0.92 * SIDE
    square = np.array([(low, low), (low, high), (high, high), (high, low)])
    square = (square - SIDE / 2) * rng.uniform(0.7, 0.9)
    angle = np.radians(rng.uniform(-15, 15))
    turn = np.array([(np.cos(angle), -np.sin(angle)), (np.sin(angle), np.cos(angle))])
    corners = square @ turn + SIDE / 2 + rng.uniform(-0.05, 0.05, (4, 2)) * SIDE
    source = np.array([(0, 0), (0, SIDE), (SIDE, SIDE), (SIDE, 0)])
    data = _perspective(corners, source)
    photo = Image.fromarray(page.astype(np.uint8)).transform(
        (SIDE, SIDE), Image.Transform.PERSPECTIVE, data, Image.Resampling.BICUBIC
    )
    mask = Image.new("L", (SIDE, SIDE), 255).transform(
        (SIDE, SIDE), Image.Transform.PERSPECTIVE, data
    )
    return take_photo(_on_table(np.asarray(photo, float), mask, rng), rng)


def _on_table(page: Floats, mask: Image.Image, rng: np.random.Generator) -> Floats:
    """Show the page where the mask is white, and a table around it."""
    on_sheet = np.asarray(mask, float)[..., None] / 255
    brightness = rng.uniform(20, 130)
    grain = rng.normal(0, 6, (SIDE, 1, 1))
    table = np.array((1, 0.8, 0.65)) * brightness + grain
    return np.asarray(table + on_sheet * (page - table))


def held_sheet(strokes: Strokes, rng: np.random.Generator) -> bytes:
    """Photograph a turned sheet on a table, with a hand on its corner."""
    sheet = Image.open(io.BytesIO(sheet_in_perspective(strokes, rng)))
    skin = rng.uniform((110, 75, 60), (190, 140, 115))
    low, high = (0.55 * SIDE, 0.62 * SIDE), (1.1 * SIDE, 1.15 * SIDE)
    ImageDraw.Draw(sheet).ellipse((*low, *high), fill=tuple(skin.astype(int).tolist()))
    return encode(np.asarray(sheet), "JPEG", quality=90)


def torn_sheet(strokes: Strokes, rng: np.random.Generator) -> bytes:
    """Photograph a piece of paper with six irregular edges on a table."""
    page = paint(new_paper(rng), ink_cover(strokes, SIDE, 0.4, 0.1, rng), BALLPOINT)
    angles = np.linspace(0, 2 * np.pi, 6, endpoint=False)
    radius = 0.44 * SIDE * rng.uniform(0.9, 1.1, (6, 1))
    corners = SIDE / 2 + radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    mask = Image.new("L", (SIDE, SIDE))
    ImageDraw.Draw(mask).polygon(corners.ravel().tolist(), fill=255)
    return take_photo(_on_table(page, mask, rng), rng)


def on_a_table_cloth(strokes: Strokes, rng: np.random.Generator) -> bytes:
    """Photograph a turned sheet on a checked table cloth."""
    share = rng.uniform(0.3, 0.4)
    page = paint(new_paper(rng), ink_cover(strokes, SIDE, share, 0.09, rng), BALLPOINT)
    squares = np.indices((SIDE, SIDE)) // int(rng.integers(20, 60)) % 2
    colours = ((170, 30, 40), (40, 70, 140), (60, 110, 60))
    cloth = paint(np.full(page.shape, 225.0), squares.mean(axis=0), colours[rng.integers(3)])
    mask = _turned_rectangle(rng.uniform(0.3, 0.4, 2) * SIDE, rng)
    on_sheet = np.asarray(mask, float)[..., None] / 255
    return take_photo(cloth + on_sheet * (page - cloth), rng)


def narrow_strip(strokes: Strokes, rng: np.random.Generator) -> bytes:
    """Photograph a receipt on a table. Its ends are outside of the photo."""
    page = paint(new_paper(rng), ink_cover(strokes, SIDE, 0.25, 0.08, rng), BALLPOINT)
    mask = _turned_rectangle(np.array((rng.uniform(0.15, 0.2), 0.7)) * SIDE, rng)
    return take_photo(_on_table(page, mask, rng), rng)


def shadow_on_a_sheet(strokes: Strokes, rng: np.random.Generator) -> bytes:
    """Photograph a turned sheet on a table. A shadow falls on a part of both."""
    page = paint(new_paper(rng), ink_cover(strokes, SIDE, 0.35, 0.08, rng), BALLPOINT)
    mask = _turned_rectangle(rng.uniform(0.3, 0.42, 2) * SIDE, rng)
    photo = _on_table(page, mask, rng)
    return take_photo(photo * random_shadow(rng)[..., None], rng)


def _turned_rectangle(half: Floats, rng: np.random.Generator) -> Image.Image:
    """Return a turned rectangle in the middle. `half` is half of its width and height."""
    mask = Image.new("L", (SIDE, SIDE))
    box = (*(SIDE / 2 - half), *(SIDE / 2 + half))
    ImageDraw.Draw(mask).rectangle(box, fill=255)
    return mask.rotate(rng.uniform(-15, 15))


def _perspective(corners: Floats, source: npt.NDArray[np.int64]) -> list[float]:
    """Return Pillow's coefficients of the transform that shows `source` at `corners`."""
    rows, right = [], []
    for (x, y), (u, v) in zip(corners, source.astype(float), strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        right += [u, v]
    return [float(value) for value in np.linalg.solve(np.array(rows), np.array(right))]


KINDS: Final[tuple[Kind, ...]] = (
    sheet_in_perspective,
    held_sheet,
    torn_sheet,
    on_a_table_cloth,
    narrow_strip,
    shadow_on_a_sheet,
)
