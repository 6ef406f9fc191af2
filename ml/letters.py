"""Letters and signs that do not look like a digit, written as pen strokes by ever another hand."""

from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt
from HersheyFonts import HersheyFonts
from PIL import Image, ImageDraw

from ml.normalize import Pixels

# What a tolerant reader could take for a digit is left out: B, G, I, O, Q, S, Z, b, g, i, l, o, ...
ALPHABETS: Final = {
    "futural": 'ACDEFHJKLMNPRTUVWXYacdefhjkmnprtuvwx#$%&*+=<?~"',
    "scripts": "ACDEFHJKLMNPRTUVWXYacdefhjkmnprtuvwx&?",
    "greek": "CDGHKMPRSWXYacehklmnpuwy",
    "cyrilc_1": "ADEFGIJKLMNPQRSVWYZadefgijklmnpqrsvwyz",
}
CANVAS: Final = 84  # pixels
ROOM: Final = 58  # the longer side of a letter

Stroke = npt.NDArray[np.float64]  # (points, 2): x, y


def letter(rng: np.random.Generator) -> Pixels:
    """One of them, (84, 84) uint8, ink 255 on 0."""
    font = str(rng.choice(list(ALPHABETS)))
    strokes = _glyph(font, str(rng.choice(list(ALPHABETS[font]))))
    return draw_strokes([_by_hand(stroke, rng) for stroke in _another_shape(strokes, rng)], rng)


def draw_strokes(strokes: list[Stroke], rng: np.random.Generator) -> Pixels:
    """Strokes of any size with a pen of random width, as `letter` gives them."""
    points = np.concatenate(strokes)
    low, high = points.min(axis=0), points.max(axis=0)
    middle, scale = (low + high) / 2, ROOM / max((high - low).max(), 1e-9)
    width = round(ROOM * rng.uniform(0.05, 0.2))
    picture = Image.new("L", (CANVAS, CANVAS))
    pencil = ImageDraw.Draw(picture)
    for stroke in strokes:
        path = [tuple(point) for point in ((stroke - middle) * scale + CANVAS / 2).tolist()]
        pencil.line(path, fill=255, width=width)
        for point in path:
            pencil.circle(point, width / 2, fill=255)
    return np.asarray(picture)


@cache
def _glyph(font: str, character: str) -> list[Stroke]:
    """The strokes of one character of A. V. Hershey's fonts (1967), centred, 1 high or wide."""
    strokes = [np.array(stroke, float) for stroke in _font(font).strokes_for_text(character)]
    points = np.concatenate(strokes)
    low, high = points.min(axis=0), points.max(axis=0)
    return [_dense((s - (low + high) / 2) / (high - low).max()) for s in strokes if len(s) > 1]


@cache
def _font(name: str) -> HersheyFonts:
    font = HersheyFonts()
    font.load_default_font(name)
    return font


def _dense(stroke: Stroke) -> Stroke:
    """With points between the points, so that a straight line can be bent."""
    steps = np.arange(0, len(stroke) - 0.999, 0.5)
    at = np.arange(len(stroke))
    return np.stack([np.interp(steps, at, stroke[:, axis]) for axis in (0, 1)], 1)


def _another_shape(strokes: list[Stroke], rng: np.random.Generator) -> list[Stroke]:
    """Another slant, width and turn for the whole letter."""
    turn, slant, stretch = rng.normal(0, 0.1), rng.normal(0, 0.2), np.exp(rng.normal(0, 0.2))
    matrix = np.array([[stretch, slant + turn], [-turn, 1 / stretch]])
    return [stroke @ matrix.T for stroke in strokes]


def _by_hand(stroke: Stroke, rng: np.random.Generator) -> Stroke:
    """Each stroke a little off in place and size, and bent."""
    waves = np.sin(stroke[:, ::-1] * 4 + rng.uniform(0, 6.3, 2)) * rng.normal(0, 0.06, 2)
    return stroke * rng.normal(1, 0.08, 2) + waves + rng.normal(0, 0.04, 2)
