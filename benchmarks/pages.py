"""Draw pages with several rows of digits, photograph them, and count what is read."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from benchmarks import stroke_rendering
from benchmarks.stroke_rendering import Drawing
from ml.arrays import InkImage
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
MARGIN_LINE: Final = 90  # pixels, its distance from the left edge
MARGIN_COLOUR: Final = (220, 90, 100)
TABLE: Final = np.array([110.0, 75, 50])

Colours = npt.NDArray[np.float64]  # (height, width, 3)
Photograph = Callable[[InkImage, np.random.Generator], bytes]  # takes the ink of a page


@dataclass(frozen=True)
class Page:
    """A photo of a page, and the digits in each of its rows."""

    photo: bytes
    rows: list[str]


def draw_pages(
    drawings: list[Drawing], count: int, photograph: Photograph, rng: np.random.Generator
) -> Iterator[Page]:
    """Yield photos of pages. All digits of a page are by the same writer."""
    for _ in range(count):
        writer = drawings[rng.integers(len(drawings))].writer
        own = [drawing for drawing in drawings if drawing.writer == writer]
        yield _draw_page(own, photograph, rng)


def _draw_page(own: list[Drawing], photograph: Photograph, rng: np.random.Generator) -> Page:
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
    return Page(photograph(np.asarray(cover), rng), rows)


def _on_plain_paper(cover: InkImage, rng: np.random.Generator) -> bytes:
    return _photograph(_turn(_write(cover), rng), rng)


def _on_ruled_paper(cover: InkImage, rng: np.random.Generator) -> bytes:
    """Photograph a page with horizontal rules and a margin line."""
    page = np.broadcast_to(PAPER, (HEIGHT, WIDTH, 3)).copy()
    for row in range(ROWS + 2):
        top = round((row + 0.8) * PITCH)
        page[top : top + 3] = RULE
    page[:, MARGIN_LINE : MARGIN_LINE + 3] = MARGIN_COLOUR
    return _photograph(_turn(_write(cover, page), rng), rng)


def _on_a_table(cover: InkImage, rng: np.random.Generator) -> bytes:
    """Photograph a whole sheet on a dark table."""
    sheet = _write(cover).convert("RGBA").resize((WIDTH * 3 // 4, HEIGHT * 3 // 4))
    turned = sheet.rotate(rng.uniform(-8, 8), Image.Resampling.BICUBIC, expand=True)
    grain = rng.normal(0, 6, (HEIGHT * 5 // 4, 1, 1))
    wood = np.broadcast_to(TABLE + grain, (len(grain), WIDTH * 5 // 4, 3)).clip(0, 255)
    table = Image.fromarray(wood.astype(np.uint8))
    left, top = (table.width - turned.width) // 2, (table.height - turned.height) // 2
    table.paste(turned, (left, top), turned)
    return _photograph(table, rng)


def _write(cover: InkImage, page: Colours | None = None) -> Image.Image:
    """Return the page, or plain paper, with the ink that covers it."""
    paper = np.broadcast_to(PAPER, (HEIGHT, WIDTH, 3)) if page is None else page
    return Image.fromarray((paper + cover[..., None] / 255 * (INK - paper)).astype(np.uint8))


def _turn(page: Image.Image, rng: np.random.Generator) -> Image.Image:
    tilt = float(rng.choice([-TILT, TILT]))
    fill = tuple(PAPER.astype(int).tolist())
    return page.rotate(tilt, Image.Resampling.BICUBIC, fillcolor=fill)


def _photograph(image: Image.Image, rng: np.random.Generator) -> bytes:
    """Add blur, uneven light and noise, and compress the photo."""
    blurred = np.asarray(image.filter(ImageFilter.GaussianBlur(rng.uniform(0.5, 1.5))), float)
    light = np.linspace(rng.uniform(0.6, 0.9), 1, image.width)[:, None]
    lit = blurred * light + rng.normal(0, rng.uniform(1, 4), blurred.shape)
    buffer = io.BytesIO()
    Image.fromarray(lit.clip(0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=88)
    return buffer.getvalue()


PHOTOS: Final[dict[str, Photograph]] = {
    "plain paper": _on_plain_paper,
    "ruled paper": _on_ruled_paper,
    "a sheet on a table": _on_a_table,
}


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
