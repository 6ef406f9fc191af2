"""Generate pictures of digits as people bring them: photos of paper and forms, and scans."""

import io
from collections.abc import Iterable
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from benchmarks import sheet_kinds
from benchmarks.picture_painting import (
    BALLPOINT,
    PRINT,
    SCAN_SIZE,
    SIDE,
    Floats,
    Kind,
    encode,
    ink_cover,
    line_cover,
    new_paper,
    paint,
    random_shadow,
    take_photo,
)
from benchmarks.stroke_rendering import Strokes


def plain(strokes: Strokes, rng: np.random.Generator) -> bytes:
    """Photograph a digit on plain paper."""
    cover = ink_cover(strokes, SIDE, rng.uniform(0.25, 0.7), rng.uniform(0.06, 0.12), rng)
    return take_photo(paint(new_paper(rng), cover, BALLPOINT), rng)


def thin_pen(strokes: Strokes, rng: np.random.Generator) -> bytes:
    """Photograph a digit by a thin ballpoint pen."""
    cover = ink_cover(strokes, SIDE, rng.uniform(0.15, 0.5), rng.uniform(0.025, 0.05), rng)
    return take_photo(paint(new_paper(rng), cover, BALLPOINT), rng)


def next_to_a_coin(strokes: Strokes, rng: np.random.Generator) -> bytes:
    """Photograph a digit with a coin on the paper."""
    cover = np.roll(ink_cover(strokes, SIDE, 0.4, 0.09, rng), round(-0.14 * SIDE), axis=1)
    coin = Image.new("L", (SIDE, SIDE))
    x, y, radius = np.array((0.8, rng.uniform(0.25, 0.75), rng.uniform(0.06, 0.11))) * SIDE
    ImageDraw.Draw(coin).ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    page = paint(new_paper(rng), cover, BALLPOINT)
    metal = tuple(rng.uniform((120, 90, 40), (190, 170, 150)))
    return take_photo(paint(page, np.asarray(coin, float) / 255, metal), rng)


def next_to_a_pen(strokes: Strokes, rng: np.random.Generator) -> bytes:
    """Photograph a digit by a ballpoint pen that lies on the paper and throws a shadow."""
    pen = rng.uniform(0.03, 0.06)
    cover = np.roll(ink_cover(strokes, SIDE, 0.4, pen, rng), round(-0.15 * SIDE), axis=1)
    page = paint(new_paper(rng), cover, BALLPOINT)
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
    return take_photo(paint(page, np.asarray(image, float) / 255, colours[rng.integers(4)]), rng)


def held_by_a_thumb(strokes: Strokes, rng: np.random.Generator) -> bytes:
    """Photograph a digit with a thumb that reaches over one side of the photo."""
    page = paint(new_paper(rng), ink_cover(strokes, SIDE, 0.35, 0.08, rng), BALLPOINT)
    x, half, top = np.array((rng.uniform(0.2, 0.8), rng.uniform(0.08, 0.14), 0.82)) * SIDE
    image = Image.new("L", (SIDE, SIDE))
    ImageDraw.Draw(image).ellipse((x - half, top, x + half, 1.3 * SIDE), fill=255)
    image = image.rotate(90 * int(rng.integers(2)))  # at the bottom, or on the right
    shadow = np.asarray(image.filter(ImageFilter.GaussianBlur(10)), float) / 255
    page *= 1 - 0.3 * np.roll(shadow, 8, axis=1)[..., None]
    skin = tuple(rng.uniform((120, 80, 60), (225, 180, 150)))
    return take_photo(paint(page, np.asarray(image, float) / 255, skin), rng)


def cropped(strokes: Strokes, rng: np.random.Generator) -> bytes:
    """Crop a photo to the digit."""
    return _crop(strokes, rng, range(4))


def cut_off(strokes: Strokes, rng: np.random.Generator) -> bytes:
    """Crop a photo so that one side touches the digit, or cuts off a little of it."""
    return _crop(strokes, rng, [int(rng.integers(4))])


def _crop(strokes: Strokes, rng: np.random.Generator, sides: Iterable[int]) -> bytes:
    """Photograph a digit, and crop the photo so that these sides touch the digit."""
    cover = ink_cover(strokes, SIDE, 0.5, rng.uniform(0.06, 0.15), rng)
    photo = np.asarray(
        Image.open(io.BytesIO(take_photo(paint(new_paper(rng), cover, BALLPOINT), rng)))
    )
    rows, columns = np.nonzero(cover > 0.3)
    cut = rng.integers(0, 12)
    box = [columns.min() + cut, rows.min() + cut, columns.max() - cut, rows.max() - cut]
    whole = (0, 0, SIDE, SIDE)
    left, top, right, bottom = (box[i] if i in sides else whole[i] for i in range(4))
    return encode(photo[top:bottom, left:right], "JPEG", quality=90)


def form_box(strokes: Strokes, rng: np.random.Generator) -> bytes:
    """Photograph a digit in a printed box, which it sometimes touches."""
    half = rng.uniform(0.15, 0.42) * SIDE
    width = int(rng.integers(2, 7))
    centre = SIDE / 2
    box = (centre - half, centre - half, centre + half, centre + half)
    lines = line_cover(rng, lambda pen: pen.rectangle(box, outline=255, width=width))
    cover = ink_cover(strokes, SIDE, rng.uniform(0.6, 0.9) * 2 * half / SIDE, 0.09, rng)
    return take_photo(paint(paint(new_paper(rng), lines, PRINT), cover, BALLPOINT), rng)


def comb_field(strokes: Strokes, rng: np.random.Generator) -> bytes:
    """Photograph a digit in one cell of a row of cells."""
    cell = rng.uniform(0.15, 0.3) * SIDE
    width = int(rng.integers(2, 5))
    top = (SIDE - 1.2 * cell) / 2

    def draw_lines(pen: ImageDraw.ImageDraw) -> None:
        left = SIDE / 2 - 2.5 * cell
        bar = rng.choice([0.0, 0.6])  # closed cells, or a comb of short bars
        for i in range(6):
            x = left + i * cell
            pen.line((x, top + bar * 1.2 * cell, x, top + 1.2 * cell), fill=255, width=width)
        for y in (top, top + 1.2 * cell)[bool(bar) :]:
            pen.line((left, y, left + 5 * cell, y), fill=255, width=width)

    cover = ink_cover(strokes, SIDE, 0.75 * cell / SIDE, 0.09, rng)
    return take_photo(
        paint(paint(new_paper(rng), line_cover(rng, draw_lines), PRINT), cover, BALLPOINT), rng
    )


def circled(strokes: Strokes, rng: np.random.Generator) -> bytes:
    """Photograph a digit that a person circled with the same pen, sometimes with a gap."""
    radius = rng.uniform(0.2, 0.4) * SIDE
    width = round(0.1 * radius)
    begin = rng.uniform(0, 360)
    end = begin + rng.uniform(335, 365)
    centre = SIDE / 2
    stretch = rng.uniform(0.85, 1.1)
    box = (centre - radius, centre - radius * stretch, centre + radius, centre + radius * stretch)
    lines = line_cover(rng, lambda pen: pen.arc(box, begin, end, fill=255, width=width))
    cover = ink_cover(strokes, SIDE, 1.1 * radius / SIDE, 0.09, rng)
    return take_photo(paint(new_paper(rng), np.maximum(lines, cover), BALLPOINT), rng)


def pencil(strokes: Strokes, rng: np.random.Generator) -> bytes:
    """Photograph a thin, faint pencil line."""
    cover = ink_cover(strokes, SIDE, rng.uniform(0.3, 0.6), rng.uniform(0.03, 0.06), rng)
    paper = new_paper(rng)
    return take_photo(paint(paper, cover, paper[0, 0] - rng.uniform(30, 70)), rng)


def marker(strokes: Strokes, rng: np.random.Generator) -> bytes:
    """Photograph a digit by a broad marker."""
    cover = ink_cover(strokes, SIDE, rng.uniform(0.5, 0.65), rng.uniform(0.18, 0.28), rng)
    return take_photo(paint(new_paper(rng), cover, (30, 30, 40)), rng)


def highlighter(strokes: Strokes, rng: np.random.Generator) -> bytes:
    """Photograph a digit by a highlighter."""
    cover = ink_cover(strokes, SIDE, rng.uniform(0.4, 0.6), rng.uniform(0.08, 0.16), rng)
    colours = ((250, 245, 80), (180, 245, 140), (255, 180, 210), (150, 225, 245))
    return take_photo(paint(new_paper(rng), cover, colours[rng.integers(4)]), rng)


def _ruled(strokes: Strokes, rng: np.random.Generator, squared: bool) -> bytes:
    gap, width = rng.uniform(0.05, 0.12) * SIDE, int(rng.integers(1, 4))

    def draw_lines(pen: ImageDraw.ImageDraw) -> None:
        for position in np.arange(-SIDE / 2, 1.5 * SIDE, gap):
            pen.line((-SIDE, position, 2 * SIDE, position), fill=255, width=width)
            if squared:
                pen.line((position, -SIDE, position, 2 * SIDE), fill=255, width=width)

    lines = line_cover(rng, draw_lines, tilt=20) * rng.uniform(0.4, 0.9)
    cover = ink_cover(strokes, SIDE, rng.uniform(0.3, 0.6), 0.09, rng)
    return take_photo(paint(paint(new_paper(rng), lines, (110, 140, 190)), cover, BALLPOINT), rng)


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
    lines = line_cover(rng, lambda pen: pen.line(line, fill=255, width=width))
    cover = np.maximum(lines, ink_cover(strokes, SIDE, share, 0.08, rng))
    return take_photo(paint(new_paper(rng), cover, BALLPOINT), rng)


def shadow(strokes: Strokes, rng: np.random.Generator) -> bytes:
    """Photograph a digit under the sharp shadow of a hand."""
    page = paint(new_paper(rng), ink_cover(strokes, SIDE, 0.5, 0.09, rng), BALLPOINT)
    return take_photo(page * random_shadow(rng)[..., None], rng)


def lamp(strokes: Strokes, rng: np.random.Generator) -> bytes:
    """Photograph a digit with a flash: the light is bright at one place, and dim elsewhere."""
    page = paint(new_paper(rng), ink_cover(strokes, SIDE, 0.5, 0.09, rng), BALLPOINT)
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE - rng.uniform(0.2, 0.8, (2, 1, 1))
    light = 0.45 + 0.7 * np.exp(-(x**2 + y**2) / rng.uniform(0.06, 0.2))
    return take_photo(page * light[..., None], rng)


def blackboard(strokes: Strokes, rng: np.random.Generator) -> bytes:
    """Photograph chalk on a blackboard."""
    page = np.full((SIDE, SIDE, 3), (45.0, 65, 55))
    return take_photo(
        paint(page, 0.9 * ink_cover(strokes, SIDE, 0.5, 0.1, rng), (230, 230, 225)), rng
    )


def _scan(strokes: Strokes, rng: np.random.Generator) -> Floats:
    """Return a page with a small digit somewhere, (height, width)."""
    width, height = SCAN_SIZE
    page = np.full((height, width), 255.0)
    size = int(rng.integers(90, 300))
    cover = ink_cover(strokes, size, 0.85, rng.uniform(0.05, 0.1), rng)
    top, left = int(rng.integers(60, height - size - 60)), int(rng.integers(60, width - size - 60))
    page[top : top + size, left : left + size] *= 1 - cover
    return page


def specks(strokes: Strokes, rng: np.random.Generator) -> bytes:
    """Scan a page with dust, in black and white."""
    page = _scan(strokes, rng)
    for _ in range(rng.integers(5, 40)):
        size, y, x = rng.integers(1, 5), rng.integers(0, 1160), rng.integers(0, 820)
        page[y : y + size, x : x + size] = 0
    return encode(255.0 * (page > 128), "PNG")


def punched_holes(strokes: Strokes, rng: np.random.Generator) -> bytes:
    """Scan a page with two holes for a folder, which are black in the scan."""
    page = Image.fromarray(_scan(strokes, rng).astype(np.uint8))
    x, radius = rng.uniform(35, 50), rng.uniform(10, 16)
    for y in np.array((-0.5, 0.5)) * rng.uniform(280, 340) + SCAN_SIZE[1] / 2:
        ImageDraw.Draw(page).ellipse((x - radius, y - radius, x + radius, y + radius), fill=10)
    return encode(np.asarray(page) + rng.normal(0, 1.5, SCAN_SIZE[::-1]), "JPEG", quality=88)


def scanner_edge(strokes: Strokes, rng: np.random.Generator) -> bytes:
    """Scan a page with black edges, because the lid was open."""
    page = _scan(strokes, rng)
    page[:, : rng.integers(3, 40)] = rng.uniform(0, 60)
    page[-rng.integers(3, 40) :] = rng.uniform(0, 60)
    return encode(page + rng.normal(0, rng.choice([0, 3]), page.shape), "PNG")


def scanned_box(strokes: Strokes, rng: np.random.Generator) -> bytes:
    """Scan a digit in a box, without any noise."""
    size = int(rng.integers(120, 400))
    page = 255 * (1 - ink_cover(strokes, size, rng.uniform(0.4, 0.7), 0.1, rng))
    width, edge = int(rng.integers(1, 6)), int(rng.integers(0, size // 10))
    for _ in range(4):
        page[edge : edge + width, edge : size - edge] = 0
        page = np.rot90(page)
    return encode(page, "PNG")


KINDS: Final[dict[str, Kind]] = {
    kind.__name__: kind
    for kind in (
        *(plain, thin_pen),
        *sheet_kinds.KINDS,
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
        *(underlined, shadow, lamp, blackboard),
        *(specks, punched_holes, scanner_edge, scanned_box),
    )
}
