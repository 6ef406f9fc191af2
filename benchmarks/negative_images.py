"""Generate images that contain no digit.

The methods differ from those that generate the negatives for training (`ml/data/negatives.py`).
"""

import io

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from benchmarks.photo_synthesis import photograph
from benchmarks.stroke_rendering import CANVAS_SIDE, Canvas


def make_files(count_per_kind: int, rng: np.random.Generator) -> list[bytes]:
    """Return image files of seven kinds of scribbles, noise and blank pages.

    There are `count_per_kind` files of each kind.
    """
    kinds = (_loops, _hatching, _crossing_out, _grain, _spots, _empty_canvas, _empty_paper)
    return [kind(rng) for kind in kinds for _ in range(count_per_kind)]


def _loops(rng: np.random.Generator) -> bytes:
    """Draw a closed curve: a sum of random sine waves."""
    t = np.linspace(0, 2 * np.pi, 200)[:, None]
    waves = np.arange(1, 7)
    curves = [
        (np.sin(t * waves + rng.uniform(0, 7, 6)) * rng.normal(0, 1, 6)).sum(axis=1)
        for _ in range(2)
    ]
    return _stroke(np.stack(curves, 1), rng)


def _hatching(rng: np.random.Generator) -> bytes:
    """Draw a zigzag of slightly slanted lines."""
    turns = int(rng.integers(8, 20))
    ends = np.stack([np.arange(turns) * rng.uniform(0.1, 0.4), np.arange(turns) % 2 * 2.0], 1)
    return _stroke(ends + rng.normal(0, 0.1, ends.shape), rng)


def _crossing_out(rng: np.random.Generator) -> bytes:
    """Draw straight lines that connect 10 to 29 random points."""
    return _stroke(rng.uniform(0, 1, (rng.integers(10, 30), 2)), rng)


def _stroke(points: npt.NDArray[np.float64], rng: np.random.Generator) -> bytes:
    low, high = points.min(axis=0), points.max(axis=0)
    points = (points - low) / (high - low).max() * rng.uniform(100, 220) + 30
    image = Image.new("L", (CANVAS_SIDE, CANVAS_SIDE), 255)
    path = [tuple(point) for point in points.tolist()]
    ImageDraw.Draw(image).line(path, fill=0, width=int(rng.integers(6, 22)), joint="curve")
    return _png(np.asarray(image))


def _grain(rng: np.random.Generator) -> bytes:
    """Draw a random grey for each pixel."""
    grain = rng.normal(rng.uniform(60, 200), rng.uniform(10, 60), (CANVAS_SIDE, CANVAS_SIDE))
    return _png(grain.clip(0, 255).astype(np.uint8))


def _spots(rng: np.random.Generator) -> bytes:
    """Fill a grid of cells, 1, 4, 10 or 28 pixels wide, randomly with black or white."""
    cells = CANVAS_SIDE // int(rng.choice([1, 4, 10, 28]))
    spots = (rng.random((cells, cells)) > rng.uniform(0.05, 0.5)).astype(np.uint8) * 255
    return _png(
        np.asarray(
            Image.fromarray(spots).resize((CANVAS_SIDE, CANVAS_SIDE), Image.Resampling.NEAREST)
        )
    )


def _empty_canvas(rng: np.random.Generator) -> bytes:
    return _png(np.full((CANVAS_SIDE, CANVAS_SIDE), rng.integers(256), np.uint8))


def _empty_paper(rng: np.random.Generator) -> bytes:
    """Return a synthetic photo: a blackboard, or a page with or without lines."""
    return photograph(np.full((CANVAS_SIDE, CANVAS_SIDE), 255, np.uint8), rng)


def _png(canvas: Canvas) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(canvas).save(buffer, "PNG")
    return buffer.getvalue()
