"""Draw pages with several rows of digits, photograph them, and count what is read."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from benchmarks import stroke_rendering
from benchmarks.stroke_rendering import Drawing
from ml.preprocessing.decode import PAGE_SIDE, decode
from ml.preprocessing.pages import PageNumber, read_page
from ml.runtime import NOT_A_DIGIT, Recognizer

ROWS, DIGITS = 8, 4
WIDTH, HEIGHT = 1200, 1600  # pixels
PITCH: Final = HEIGHT / (ROWS + 2)  # pixels, from row to row
DIGIT_SHARE: Final = 0.55  # of the pitch
DIGIT_GAP: Final = 0.45  # of the pitch
TILT: Final = 2.0  # degrees, to either side
PAPER: Final = np.array([248.0, 246, 238])
INK: Final = np.array([25.0, 35, 90])
RULE: Final = np.array([130.0, 160, 205])


@dataclass(frozen=True)
class Page:
    """A photo of a page, and the digits in each of its rows."""

    photo: bytes
    rows: list[str]


def draw_pages(
    drawings: list[Drawing], count: int, is_ruled: bool, rng: np.random.Generator
) -> Iterator[Page]:
    """Yield photos of pages. All digits of a page are by the same writer."""
    for _ in range(count):
        writer = drawings[rng.integers(len(drawings))].writer
        own = [drawing for drawing in drawings if drawing.writer == writer]
        yield _draw_page(own, is_ruled, rng)


def _draw_page(own: list[Drawing], is_ruled: bool, rng: np.random.Generator) -> Page:
    cover = Image.new("L", (WIDTH, HEIGHT))
    rows = []
    pen = rng.uniform(0.05, 0.1) * PITCH
    for row in range(ROWS):
        chosen = [own[rng.integers(len(own))] for _ in range(DIGITS)]
        rows.append("".join(drawing.label for drawing in chosen))
        x, baseline = 0.12 * WIDTH + rng.uniform(0, 0.2) * WIDTH, (row + 1.8) * PITCH
        for drawing in chosen:
            size = round(DIGIT_SHARE * PITCH * rng.uniform(0.85, 1.1))
            ink = 255 - stroke_rendering.draw(drawing.strokes, 2 * size, 0.5, pen)
            columns = np.flatnonzero(ink.any(axis=0))
            top = round(baseline - 1.5 * size + rng.uniform(-0.04, 0.04) * PITCH)
            stamp = Image.fromarray(ink)
            cover.paste(255, (round(x) - int(columns[0]), top), stamp)
            x += len(columns) + DIGIT_GAP * PITCH * rng.uniform(0.5, 1)
    return Page(_photograph(np.asarray(cover), is_ruled, rng), rows)


def _photograph(cover: npt.NDArray[np.uint8], is_ruled: bool, rng: np.random.Generator) -> bytes:
    page = np.broadcast_to(PAPER, (HEIGHT, WIDTH, 3)).copy()
    if is_ruled:
        for row in range(ROWS + 2):
            top = round((row + 0.8) * PITCH)
            page[top : top + 3] = RULE
    page += cover[..., None] / 255 * (INK - page)
    tilt = float(rng.choice([-TILT, TILT]))
    image = Image.fromarray(page.astype(np.uint8)).rotate(
        tilt, Image.Resampling.BICUBIC, fillcolor=tuple(PAPER.astype(int).tolist())
    )
    blurred = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.5, 1.5)))
    light = np.linspace(rng.uniform(0.6, 0.9), 1, WIDTH)[:, None]
    lit = np.asarray(blurred, float) * light + rng.normal(0, rng.uniform(1, 4), page.shape)
    buffer = io.BytesIO()
    Image.fromarray(lit.clip(0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=88)
    return buffer.getvalue()


@dataclass(frozen=True)
class PageScore:
    """How many digits and rows are read, as shares of all."""

    digits: float
    rows: float


def score_pages(pages: list[Page], recognizer: Recognizer) -> PageScore:
    """Return the share of correct digits, and the share of rows that are found.

    A row is found if it has a row of its own in the result with the right number of digits. The
    digits of a row that is not found are wrong.
    """
    digits = found = 0
    for page in pages:
        read = [_text(row) for row in read_page(decode(page.photo, PAGE_SIDE), recognizer)]
        if len(read) != ROWS:
            continue
        for text, expected in zip(read, page.rows, strict=True):
            if len(text) == len(expected):
                found += 1
                digits += sum(one == other for one, other in zip(text, expected, strict=True))
    total = len(pages) * ROWS
    return PageScore(digits / total / DIGITS, found / total)


def _text(row: list[PageNumber]) -> str:
    labels = [digit.prediction.label for number in row for digit in number.digits]
    return "".join("?" if label == NOT_A_DIGIT else str(label) for label in labels)
