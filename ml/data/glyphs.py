"""Draw letters and symbols that do not look like a digit, in randomly varied handwriting."""

from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt
from HersheyFonts import HersheyFonts
from PIL import Image, ImageDraw

from ml.arrays import InkImage

# Characters whose glyph resembles a digit are left out: in the Latin fonts, B, G, I, O, b, g, ...
# In the Greek and Cyrillic fonts, the letters here stand for other glyphs.
ALPHABETS: Final = {
    "futural": 'ACDEFHJKLMNPRTUVWXYacdefhjkmnprtuvwx#$%&*+=<?~"',
    "scripts": "ACDEFHJKLMNPRTUVWXYacdefhjkmnprtuvwx&?",
    "greek": "CDGHKMPRSWXYacehklmnpuwy",
    "cyrilc_1": "ADEFGIJKLMNPQRSVWYZadefgijklmnpqrsvwyz",
}
CANVAS_SIDE: Final = 84  # pixels
GLYPH_SIDE: Final = 58  # pixels, the longer side of a glyph without the pen's width

Stroke = npt.NDArray[np.float64]  # (points, 2): x, y


def draw_glyph(rng: np.random.Generator) -> InkImage:
    """Return a random letter or symbol in a random handwriting, (84, 84) uint8."""
    font = str(rng.choice(list(ALPHABETS)))
    strokes = _glyph(font, str(rng.choice(list(ALPHABETS[font]))))
    strokes = _distort_glyph(strokes, rng)
    return draw_strokes([_distort_stroke(stroke, rng) for stroke in strokes], rng)


def draw_strokes(strokes: list[Stroke], rng: np.random.Generator) -> InkImage:
    """Draw strokes with a pen of random width, scaled to `GLYPH_SIDE`. Returns (84, 84) uint8."""
    points = np.concatenate(strokes)
    low, high = points.min(axis=0), points.max(axis=0)
    middle, scale = (low + high) / 2, GLYPH_SIDE / max((high - low).max(), 1e-9)
    width = round(GLYPH_SIDE * rng.uniform(0.05, 0.2))
    image = Image.new("L", (CANVAS_SIDE, CANVAS_SIDE))
    draw = ImageDraw.Draw(image)
    for stroke in strokes:
        path = [tuple(point) for point in ((stroke - middle) * scale + CANVAS_SIDE / 2).tolist()]
        draw.line(path, fill=255, width=width)
        for point in path:
            draw.circle(point, width / 2, fill=255)
    return np.asarray(image)


@cache
def _glyph(font: str, character: str) -> list[Stroke]:
    """Return the strokes of a character from A. V. Hershey's fonts (1967).

    The character is centred at (0, 0), and its longer side is 1.
    """
    strokes = [np.array(stroke, float) for stroke in _font(font).strokes_for_text(character)]
    points = np.concatenate(strokes)
    low, high = points.min(axis=0), points.max(axis=0)
    return [_resample((s - (low + high) / 2) / (high - low).max()) for s in strokes if len(s) > 1]


@cache
def _font(name: str) -> HersheyFonts:
    font = HersheyFonts()
    font.load_default_font(name)
    return font


def _resample(stroke: Stroke) -> Stroke:
    """Insert a point halfway between neighbouring points, so that straight lines can bend."""
    steps = np.arange(0, len(stroke) - 0.999, 0.5)
    positions = np.arange(len(stroke))
    return np.stack([np.interp(steps, positions, stroke[:, axis]) for axis in (0, 1)], 1)


def _distort_glyph(strokes: list[Stroke], rng: np.random.Generator) -> list[Stroke]:
    """Change the slant, the aspect ratio and the rotation of the whole glyph at random."""
    turn, slant, stretch = rng.normal(0, 0.1), rng.normal(0, 0.2), np.exp(rng.normal(0, 0.2))
    matrix = np.array([[stretch, slant + turn], [-turn, 1 / stretch]])
    return [stroke @ matrix.T for stroke in strokes]


def _distort_stroke(stroke: Stroke, rng: np.random.Generator) -> Stroke:
    """Shift, scale and bend a stroke slightly, at random."""
    waves = np.sin(stroke[:, ::-1] * 4 + rng.uniform(0, 6.3, 2)) * rng.normal(0, 0.06, 2)
    return stroke * rng.normal(1, 0.08, 2) + waves + rng.normal(0, 0.04, 2)
