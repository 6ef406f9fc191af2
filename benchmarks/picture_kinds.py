"""Generate pictures of digits as people bring them: photos of sheets and forms, and scans."""

import io
from collections.abc import Callable, Iterable
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

from benchmarks.stroke_rendering import Strokes, draw

Floats = npt.NDArray[np.float64]
Kind = Callable[[Strokes, np.random.Generator], bytes]

SIDE: Final = 800  # pixels, the width and the height of a photo
SCAN_SIZE: Final = (827, 1169)  # pixels, the width and the height of an A4 page at 100 dpi
BALLPOINT: Final = (25, 35, 110)
PRINT: Final = (55, 60, 70)


def _ink(strokes: Strokes, size: int, share: float, pen: float, rng: np.random.Generator) -> Floats:
    """Return how much ink covers each pixel, 0 to 1. `pen` is a share of the digit's height."""
    width = max(2.0, pen * share * size)
    shift = rng.uniform(-0.05, 0.05, 2) * size * share
    grey = draw(strokes, size, share, width, (float(shift[0]), float(shift[1])))
    soft = Image.fromarray(255 - grey).filter(ImageFilter.GaussianBlur(0.8))
    return np.asarray(soft, float) / 255


def _paint(page: Floats, cover: Floats, colour: tuple[float, ...] | Floats) -> Floats:
    return np.asarray(page + cover[..., None] * (np.asarray(colour, float) - page))


def _paper(rng: np.random.Generator) -> Floats:
    return np.full((SIDE, SIDE, 3), rng.uniform((225, 222, 205), (252, 252, 252)))


def _lines(
    rng: np.random.Generator, paint: Callable[[ImageDraw.ImageDraw], None], tilt: float = 6
) -> Floats:
    """Draw lines on an empty page, rotate it at random, and return the cover of the lines."""
    image = Image.new("L", (SIDE, SIDE))
    paint(ImageDraw.Draw(image))
    image = image.rotate(rng.uniform(-tilt, tilt), Image.Resampling.BICUBIC)
    return np.asarray(image.filter(ImageFilter.GaussianBlur(0.7)), float) / 255


def _photo(page: Floats, rng: np.random.Generator, noise: float = 3) -> bytes:
    """Add uneven light and noise, and compress the photo."""
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE - 0.5
    angle = rng.uniform(0, 2 * np.pi)
    light = 0.85 + 0.25 * rng.random() * (x * np.cos(angle) + y * np.sin(angle))
    photo = page * light[..., None] + rng.normal(0, noise, page.shape)
    return _encode(photo, "JPEG", quality=int(rng.integers(75, 95)))


def _encode(image: npt.NDArray[Any], format: str, **options: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(image.clip(0, 255).astype(np.uint8)).save(buffer, format, **options)
    return buffer.getvalue()


def plain(strokes: Strokes, rng: np.random.Generator) -> bytes:
    """Photograph a digit on plain paper."""
    cover = _ink(strokes, SIDE, rng.uniform(0.25, 0.7), rng.uniform(0.06, 0.12), rng)
    return _photo(_paint(_paper(rng), cover, BALLPOINT), rng)


def thin_pen(strokes: Strokes, rng: np.random.Generator) -> bytes:
    """Photograph a digit by a thin ballpoint pen."""
    cover = _ink(strokes, SIDE, rng.uniform(0.15, 0.5), rng.uniform(0.025, 0.05), rng)
    return _photo(_paint(_paper(rng), cover, BALLPOINT), rng)


def sheet_in_perspective(strokes: Strokes, rng: np.random.Generator) -> bytes:
    """Photograph a turned sheet on a table, from the side."""
    page = _paint(_paper(rng), _ink(strokes, SIDE, 0.5, 0.09, rng), BALLPOINT)
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
    return _photo(_on_table(np.asarray(photo, float), mask, rng), rng)


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
    return _encode(np.asarray(sheet), "JPEG", quality=90)


def torn_sheet(strokes: Strokes, rng: np.random.Generator) -> bytes:
    """Photograph a piece of paper with six irregular edges on a table."""
    page = _paint(_paper(rng), _ink(strokes, SIDE, 0.4, 0.1, rng), BALLPOINT)
    angles = np.linspace(0, 2 * np.pi, 6, endpoint=False)
    radius = 0.44 * SIDE * rng.uniform(0.9, 1.1, (6, 1))
    corners = SIDE / 2 + radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    mask = Image.new("L", (SIDE, SIDE))
    ImageDraw.Draw(mask).polygon(corners.ravel().tolist(), fill=255)
    return _photo(_on_table(page, mask, rng), rng)


def on_a_table_cloth(strokes: Strokes, rng: np.random.Generator) -> bytes:
    """Photograph a turned sheet on a checked table cloth."""
    page = _paint(_paper(rng), _ink(strokes, SIDE, rng.uniform(0.3, 0.4), 0.09, rng), BALLPOINT)
    squares = np.indices((SIDE, SIDE)) // int(rng.integers(20, 60)) % 2
    colours = ((170, 30, 40), (40, 70, 140), (60, 110, 60))
    cloth = _paint(np.full(page.shape, 225.0), squares.mean(axis=0), colours[rng.integers(3)])
    width, height = rng.uniform(0.3, 0.4, 2) * SIDE
    box = (SIDE / 2 - width, SIDE / 2 - height, SIDE / 2 + width, SIDE / 2 + height)
    mask = Image.new("L", (SIDE, SIDE))
    ImageDraw.Draw(mask).rectangle(box, fill=255)
    on_sheet = np.asarray(mask.rotate(rng.uniform(-15, 15)), float)[..., None] / 255
    return _photo(cloth + on_sheet * (page - cloth), rng)


def _perspective(corners: Floats, source: npt.NDArray[np.int64]) -> list[float]:
    """Return Pillow's coefficients of the transform that shows `source` at `corners`."""
    rows, right = [], []
    for (x, y), (u, v) in zip(corners, source.astype(float), strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        right += [u, v]
    return [float(value) for value in np.linalg.solve(np.array(rows), np.array(right))]


def next_to_a_coin(strokes: Strokes, rng: np.random.Generator) -> bytes:
    """Photograph a digit with a coin on the paper."""
    cover = np.roll(_ink(strokes, SIDE, 0.4, 0.09, rng), round(-0.14 * SIDE), axis=1)
    coin = Image.new("L", (SIDE, SIDE))
    x, y, radius = np.array((0.8, rng.uniform(0.25, 0.75), rng.uniform(0.06, 0.11))) * SIDE
    ImageDraw.Draw(coin).ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    page = _paint(_paper(rng), cover, BALLPOINT)
    metal = tuple(rng.uniform((120, 90, 40), (190, 170, 150)))
    return _photo(_paint(page, np.asarray(coin, float) / 255, metal), rng)


def next_to_a_pen(strokes: Strokes, rng: np.random.Generator) -> bytes:
    """Photograph a digit by a ballpoint pen that lies on the paper and throws a shadow."""
    pen = rng.uniform(0.03, 0.06)
    cover = np.roll(_ink(strokes, SIDE, 0.4, pen, rng), round(-0.15 * SIDE), axis=1)
    page = _paint(_paper(rng), cover, BALLPOINT)
    top, bottom, half = np.array((rng.uniform(0.1, 0.3), 0.85, rng.uniform(0.02, 0.03))) * SIDE
    x, tip = 0.75 * SIDE, 2.5 * half
    outline = [(x, top), (x + half, top + tip), (x + half, bottom), (x - half, bottom)]
    outline.append((x - half, top + tip))
    image = Image.new("L", (SIDE, SIDE))
    ImageDraw.Draw(image).polygon(outline, fill=255)
    image = image.rotate(rng.uniform(-20, 20), Image.Resampling.BICUBIC)
    shadow = np.asarray(image.filter(ImageFilter.GaussianBlur(8)), float) / 255
    page *= 1 - 0.35 * np.roll(shadow, (8, 10), (0, 1))[..., None]
    colours = ((20, 30, 90), (30, 30, 35), (180, 30, 40), (60, 120, 70))
    return _photo(_paint(page, np.asarray(image, float) / 255, colours[rng.integers(4)]), rng)


def held_by_a_thumb(strokes: Strokes, rng: np.random.Generator) -> bytes:
    """Photograph a digit with a thumb that reaches over one side of the photo."""
    page = _paint(_paper(rng), _ink(strokes, SIDE, 0.35, 0.08, rng), BALLPOINT)
    x, half, top = np.array((rng.uniform(0.2, 0.8), rng.uniform(0.08, 0.14), 0.82)) * SIDE
    image = Image.new("L", (SIDE, SIDE))
    ImageDraw.Draw(image).ellipse((x - half, top, x + half, 1.3 * SIDE), fill=255)
    image = image.rotate(90 * int(rng.integers(2)))  # at the bottom, or on the right
    shadow = np.asarray(image.filter(ImageFilter.GaussianBlur(10)), float) / 255
    page *= 1 - 0.3 * np.roll(shadow, 8, axis=1)[..., None]
    skin = tuple(rng.uniform((120, 80, 60), (225, 180, 150)))
    return _photo(_paint(page, np.asarray(image, float) / 255, skin), rng)


def cropped(strokes: Strokes, rng: np.random.Generator) -> bytes:
    """Crop a photo to the digit."""
    return _crop(strokes, rng, range(4))


def cut_off(strokes: Strokes, rng: np.random.Generator) -> bytes:
    """Crop a photo so that one side touches the digit, or cuts off a little of it."""
    return _crop(strokes, rng, [int(rng.integers(4))])


def _crop(strokes: Strokes, rng: np.random.Generator, sides: Iterable[int]) -> bytes:
    """Photograph a digit, and crop the photo so that these sides touch the digit."""
    cover = _ink(strokes, SIDE, 0.5, rng.uniform(0.06, 0.15), rng)
    photo = np.asarray(Image.open(io.BytesIO(_photo(_paint(_paper(rng), cover, BALLPOINT), rng))))
    rows, columns = np.nonzero(cover > 0.3)
    cut = rng.integers(0, 12)
    box = [columns.min() + cut, rows.min() + cut, columns.max() - cut, rows.max() - cut]
    whole = (0, 0, SIDE, SIDE)
    left, top, right, bottom = (box[i] if i in sides else whole[i] for i in range(4))
    return _encode(photo[top:bottom, left:right], "JPEG", quality=90)


def form_box(strokes: Strokes, rng: np.random.Generator) -> bytes:
    """Photograph a digit in a printed box, which it sometimes touches."""
    half = rng.uniform(0.15, 0.42) * SIDE
    width = int(rng.integers(2, 7))
    centre = SIDE / 2
    box = (centre - half, centre - half, centre + half, centre + half)
    lines = _lines(rng, lambda pen: pen.rectangle(box, outline=255, width=width))
    cover = _ink(strokes, SIDE, rng.uniform(0.6, 0.9) * 2 * half / SIDE, 0.09, rng)
    return _photo(_paint(_paint(_paper(rng), lines, PRINT), cover, BALLPOINT), rng)


def comb_field(strokes: Strokes, rng: np.random.Generator) -> bytes:
    """Photograph a digit in one cell of a row of cells."""
    cell = rng.uniform(0.15, 0.3) * SIDE
    width = int(rng.integers(2, 5))
    top = (SIDE - 1.2 * cell) / 2

    def paint(pen: ImageDraw.ImageDraw) -> None:
        left = SIDE / 2 - 2.5 * cell
        bar = rng.choice([0.0, 0.6])  # closed cells, or a comb of short bars
        for i in range(6):
            x = left + i * cell
            pen.line((x, top + bar * 1.2 * cell, x, top + 1.2 * cell), fill=255, width=width)
        for y in (top, top + 1.2 * cell)[bool(bar) :]:
            pen.line((left, y, left + 5 * cell, y), fill=255, width=width)

    cover = _ink(strokes, SIDE, 0.75 * cell / SIDE, 0.09, rng)
    return _photo(_paint(_paint(_paper(rng), _lines(rng, paint), PRINT), cover, BALLPOINT), rng)


def circled(strokes: Strokes, rng: np.random.Generator) -> bytes:
    """Photograph a digit that a person circled with the same pen, sometimes with a gap."""
    radius = rng.uniform(0.2, 0.4) * SIDE
    width = round(0.1 * radius)
    begin = rng.uniform(0, 360)
    end = begin + rng.uniform(335, 365)
    centre = SIDE / 2
    stretch = rng.uniform(0.85, 1.1)
    box = (centre - radius, centre - radius * stretch, centre + radius, centre + radius * stretch)
    lines = _lines(rng, lambda pen: pen.arc(box, begin, end, fill=255, width=width))
    cover = _ink(strokes, SIDE, 1.1 * radius / SIDE, 0.09, rng)
    return _photo(_paint(_paper(rng), np.maximum(lines, cover), BALLPOINT), rng)


def pencil(strokes: Strokes, rng: np.random.Generator) -> bytes:
    """Photograph a thin, faint pencil line."""
    cover = _ink(strokes, SIDE, rng.uniform(0.3, 0.6), rng.uniform(0.03, 0.06), rng)
    paper = _paper(rng)
    return _photo(_paint(paper, cover, paper[0, 0] - rng.uniform(30, 70)), rng)


def marker(strokes: Strokes, rng: np.random.Generator) -> bytes:
    """Photograph a digit by a broad marker."""
    cover = _ink(strokes, SIDE, rng.uniform(0.5, 0.65), rng.uniform(0.18, 0.28), rng)
    return _photo(_paint(_paper(rng), cover, (30, 30, 40)), rng)


def highlighter(strokes: Strokes, rng: np.random.Generator) -> bytes:
    """Photograph a digit by a highlighter."""
    cover = _ink(strokes, SIDE, rng.uniform(0.4, 0.6), rng.uniform(0.08, 0.16), rng)
    colours = ((250, 245, 80), (180, 245, 140), (255, 180, 210), (150, 225, 245))
    return _photo(_paint(_paper(rng), cover, colours[rng.integers(4)]), rng)


def _ruled(strokes: Strokes, rng: np.random.Generator, squared: bool) -> bytes:
    gap, width = rng.uniform(0.05, 0.12) * SIDE, int(rng.integers(1, 4))

    def paint(pen: ImageDraw.ImageDraw) -> None:
        for position in np.arange(-SIDE / 2, 1.5 * SIDE, gap):
            pen.line((-SIDE, position, 2 * SIDE, position), fill=255, width=width)
            if squared:
                pen.line((position, -SIDE, position, 2 * SIDE), fill=255, width=width)

    lines = _lines(rng, paint, tilt=20) * rng.uniform(0.4, 0.9)
    cover = _ink(strokes, SIDE, rng.uniform(0.3, 0.6), 0.09, rng)
    return _photo(_paint(_paint(_paper(rng), lines, (110, 140, 190)), cover, BALLPOINT), rng)


def ruled(strokes: Strokes, rng: np.random.Generator) -> bytes:
    """Photograph a digit on ruled paper at an angle."""
    return _ruled(strokes, rng, squared=False)


def squared(strokes: Strokes, rng: np.random.Generator) -> bytes:
    """Photograph a digit on squared paper at an angle."""
    return _ruled(strokes, rng, squared=True)


def underlined(strokes: Strokes, rng: np.random.Generator) -> bytes:
    """Photograph an underlined digit."""
    share = rng.uniform(0.3, 0.5)
    y, half = SIDE * (0.5 + 0.62 * share), SIDE * share * rng.uniform(0.5, 1)
    line = (SIDE / 2 - half, y, SIDE / 2 + half, y + rng.uniform(-20, 20))
    width = round(0.06 * share * SIDE)
    lines = _lines(rng, lambda pen: pen.line(line, fill=255, width=width))
    cover = np.maximum(lines, _ink(strokes, SIDE, share, 0.08, rng))
    return _photo(_paint(_paper(rng), cover, BALLPOINT), rng)


def shadow(strokes: Strokes, rng: np.random.Generator) -> bytes:
    """Photograph a digit under the sharp shadow of a hand."""
    page = _paint(_paper(rng), _ink(strokes, SIDE, 0.5, 0.09, rng), BALLPOINT)
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE - 0.5
    angle = rng.uniform(0, 2 * np.pi)
    across = x * np.cos(angle) + y * np.sin(angle) - rng.uniform(-0.2, 0.2)
    shade = 1 - rng.uniform(0.25, 0.5) / (1 + np.exp(-across / rng.uniform(0.004, 0.03)))
    return _photo(page * shade[..., None], rng)


def blackboard(strokes: Strokes, rng: np.random.Generator) -> bytes:
    """Photograph chalk on a blackboard."""
    page = np.full((SIDE, SIDE, 3), (45.0, 65, 55))
    return _photo(_paint(page, 0.9 * _ink(strokes, SIDE, 0.5, 0.1, rng), (230, 230, 225)), rng)


def _scan(strokes: Strokes, rng: np.random.Generator) -> Floats:
    """Return a page with a small digit somewhere, (height, width)."""
    width, height = SCAN_SIZE
    page = np.full((height, width), 255.0)
    size = int(rng.integers(90, 300))
    cover = _ink(strokes, size, 0.85, rng.uniform(0.05, 0.1), rng)
    top, left = int(rng.integers(60, height - size - 60)), int(rng.integers(60, width - size - 60))
    page[top : top + size, left : left + size] *= 1 - cover
    return page


def specks(strokes: Strokes, rng: np.random.Generator) -> bytes:
    """Scan a page with dust, in black and white."""
    page = _scan(strokes, rng)
    for _ in range(rng.integers(5, 40)):
        size, y, x = rng.integers(1, 5), rng.integers(0, 1160), rng.integers(0, 820)
        page[y : y + size, x : x + size] = 0
    return _encode(255.0 * (page > 128), "PNG")


def scanner_edge(strokes: Strokes, rng: np.random.Generator) -> bytes:
    """Scan a page with black edges, because the lid was open."""
    page = _scan(strokes, rng)
    page[:, : rng.integers(3, 40)] = rng.uniform(0, 60)
    page[-rng.integers(3, 40) :] = rng.uniform(0, 60)
    return _encode(page + rng.normal(0, rng.choice([0, 3]), page.shape), "PNG")


def scanned_box(strokes: Strokes, rng: np.random.Generator) -> bytes:
    """Scan a digit in a box, without any noise."""
    size = int(rng.integers(120, 400))
    page = 255 * (1 - _ink(strokes, size, rng.uniform(0.4, 0.7), 0.1, rng))
    width, edge = int(rng.integers(1, 6)), int(rng.integers(0, size // 10))
    for _ in range(4):
        page[edge : edge + width, edge : size - edge] = 0
        page = np.rot90(page)
    return _encode(page, "PNG")


KINDS: Final[dict[str, Kind]] = {
    kind.__name__: kind
    for kind in (
        *(plain, thin_pen, sheet_in_perspective, held_sheet, torn_sheet, on_a_table_cloth),
        next_to_a_coin,
        *(
            next_to_a_pen,
            held_by_a_thumb,
            cropped,
            cut_off,
            form_box,
            comb_field,
            circled,
            pencil,
            marker,
            highlighter,
            ruled,
            squared,
        ),
        *(underlined, shadow, blackboard, specks, scanner_edge, scanned_box),
    )
}
