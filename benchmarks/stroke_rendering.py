"""Load pen strokes and render them as the page's canvas does.

The people who drew the strokes did not contribute to MNIST. The files are not part of the project.
`benchmarks/README.md` says where to get them.
"""

import gzip
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

Canvas = npt.NDArray[np.uint8]  # (side, side), paper 255, ink 0
Strokes = list[list[list[float]]]  # points [x, y]; y grows downward

CANVAS_SIDE: Final = 280  # pixels


@dataclass(frozen=True)
class Drawing:
    """One drawing. `label` is a digit, a letter or a symbol. `writer` is 0 if unknown."""

    label: str
    writer: int
    strokes: Strokes


def load(path: Path) -> list[Drawing]:
    """Load the drawings in an .ndjson.gz file. `benchmarks/README.md` describes the format."""
    with gzip.open(path, "rt") as lines:
        rows = [json.loads(line) for line in lines]
    return [
        Drawing(str(row.get("digit", row.get("label"))), row.get("writer", 0), row["strokes"])
        for row in rows
    ]


def draw_at_random(strokes: Strokes, rng: np.random.Generator) -> Canvas:
    """Draw the strokes at a random size, position and pen width, inside the canvas."""
    return paint(place_at_random(strokes, rng))


def place_at_random(strokes: Strokes, rng: np.random.Generator) -> Strokes:
    """Return the strokes at a random size, position and pen width, as `place` does."""
    share, pen = rng.uniform(0.35, 0.8), rng.uniform(10, 26)
    max_shift = max(0.0, CANVAS_SIDE / 2 * (1 - share) - pen / 2)
    right, down = rng.uniform(-max_shift, max_shift, 2)
    return place(strokes, share=share, pen=pen, shift=(right, down))


def draw(
    strokes: Strokes,
    size: int = CANVAS_SIDE,
    share: float = 0.6,
    pen: float = 20.0,
    shift: tuple[float, float] = (0, 0),
) -> Canvas:
    """Draw strokes with round ends. Returns (size, size) uint8, paper 255, ink 0.

    The drawing's longer side covers `share` of the canvas. `pen`, the width of the pen, and `shift`
    are in pixels of the canvas.
    """
    return paint(place(strokes, size, share, pen, shift), size)


def place(
    strokes: Strokes,
    size: int = CANVAS_SIDE,
    share: float = 0.6,
    pen: float = 20.0,
    shift: tuple[float, float] = (0, 0),
) -> Strokes:
    """Return the points [x, y, 0, width] of the strokes in pixels of the canvas, as `draw` does."""
    points = np.concatenate([np.array(stroke, float) for stroke in strokes if stroke])
    low, high = points.min(axis=0), points.max(axis=0)
    scale = size * share / max((high - low).max(), 1e-3)
    centred = (
        (np.array(stroke, float) - (low + high) / 2) * scale + size / 2 + shift
        for stroke in strokes
        if stroke
    )
    return [[[x, y, 0, pen] for x, y in stroke.tolist()] for stroke in centred]


def paint(strokes: Strokes, size: int = CANVAS_SIDE) -> Canvas:
    """Paint placed strokes, which all have the same width."""
    # The image is drawn enlarged, then shrunk, so that edges are smooth.
    image = Image.new("L", (2 * size, 2 * size), 255)
    brush = ImageDraw.Draw(image)
    pen = strokes[0][0][3]
    for stroke in strokes:
        path = [(2 * x, 2 * y) for x, y, *_ in stroke]
        if len(path) > 1:
            brush.line(path, fill=0, width=round(2 * pen), joint="curve")
        for x, y in path:
            brush.ellipse((x - pen, y - pen, x + pen, y + pen), fill=0)
    return np.asarray(image.resize((size, size), Image.Resampling.BOX))
