"""Real pen strokes from people who are not in MNIST, drawn as the page would show them.

The files are not part of the project: see `benchmarks/README.md` for where they come from.
"""

import gzip
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

Canvas = npt.NDArray[np.uint8]
Strokes = list[list[list[float]]]  # of x, y; y grows downward

SIDE = 280  # pixels of the canvas


@dataclass(frozen=True)
class Drawing:
    """What one person drew: `label` is a digit's or a letter's name, `writer` 0 if unknown."""

    label: str
    writer: int
    strokes: Strokes


def load(path: Path) -> list[Drawing]:
    """Read an .ndjson.gz of {"digit" or "label", "strokes", "writer"?}, a drawing a line."""
    with gzip.open(path, "rt") as lines:
        rows = [json.loads(line) for line in lines]
    return [
        Drawing(str(row.get("digit", row.get("label"))), row.get("writer", 0), row["strokes"])
        for row in rows
    ]


def draw_at_random(strokes: Strokes, rng: np.random.Generator) -> Canvas:
    """The strokes on a canvas at random size, pen and place, all of them on it."""
    share, pen = rng.uniform(0.35, 0.8), rng.uniform(10, 26)
    room = max(0.0, SIDE / 2 * (1 - share) - pen / 2)
    right, down = rng.uniform(-room, room, 2)
    return draw(strokes, share=share, pen=pen, shift=(right, down))


def draw(
    strokes: Strokes,
    size: int = SIDE,
    share: float = 0.6,
    pen: float = 20.0,
    shift: tuple[float, float] = (0, 0),
) -> Canvas:
    """Strokes as a canvas shows them: (size, size) uint8, paper 255, ink 0, round ends.

    The longer side covers `share` of the picture; `pen` and `shift` are in its pixels.
    """
    points = np.concatenate([np.array(stroke, float) for stroke in strokes if stroke])
    low, high = points.min(axis=0), points.max(axis=0)
    scale = size * share / max((high - low).max(), 1e-3)
    image = Image.new("L", (2 * size, 2 * size), 255)  # twice as large, shrunk for smooth edges
    pencil = ImageDraw.Draw(image)
    for stroke in strokes:
        centred = (np.array(stroke, float) - (low + high) / 2) * scale + size / 2 + shift
        path = [tuple(point) for point in 2 * centred]
        if len(path) > 1:
            pencil.line(path, fill=0, width=round(2 * pen), joint="curve")
        for x, y in path:
            pencil.ellipse((x - pen, y - pen, x + pen, y + pen), fill=0)
    return np.asarray(image.resize((size, size), Image.Resampling.BOX))
