"""Extract the handwriting from a photo or a scan.

Everything else is left out: the table, uneven light, printed lines and boxes, circles around the
digit, the edges of the scanner, and specks.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image, ImageFilter

from ml.arrays import Box, Field, GreyImage, Mask
from ml.preprocessing.border_objects import find_object_edges
from ml.preprocessing.clutter import has_no_clutter, remove_clutter
from ml.preprocessing.connected_components import dilate, touching_border
from ml.preprocessing.decode import BadImageError
from ml.preprocessing.light import (
    EDGE_CONTRAST,
    FULL_CONTRAST,
    INK_CONTRAST,
    flatten_light,
    is_dark_ink,
)
from ml.preprocessing.margin import add_margin
from ml.preprocessing.sheet import TransformedPicture, cover_table, find_sheet

MIN_SIDE: Final = 64  # pixels; a smaller picture has no room for anything but a digit
PLAIN_SHARE: Final = 0.5  # of the pixels; a picture with this much of one grey is not a photo
BLACK: Final = 0.35  # of the brightness of the paper; the black edges of scans are darker
EDGE_BLUR: Final = 4  # pixels; the width of the blurred edge of a black area
BLUR: Final = 1.3  # pixels; suppresses the noise of the camera's sensor
MIN_CONTRAST: Final = 9.0  # of 255; fainter marks cannot be told from the paper
NOISE_FACTOR: Final = 4.0  # ink has this many times the contrast of the paper's noise
STRONGEST_PIXELS: Final = 0.0003  # of the picture; the strongest mark has at least this share
SOFT_EDGE: Final = 3  # pixels; the width of the soft edges
MAX_ROUNDS: Final = 4  # clutter may be stronger than the ink, so it is removed in several rounds


@dataclass(frozen=True)
class CleanedPicture:
    """The handwriting of a picture, on white or as it was.

    `transformed` is the sheet as seen from above, or the picture with a margin, if the handwriting
    was found there. `lacks_sheet` tells whether the picture shows a table, but not all four edges
    of a sheet.
    """

    grey: GreyImage
    transformed: TransformedPicture | None = None
    lacks_sheet: bool = False

    def to_original(self, box: Box) -> Box:
        """Take a box in shares of `grey` to shares of the whole picture."""
        return self.transformed.to_original(box) if self.transformed else box


def clean(grey: GreyImage) -> CleanedPicture:
    """Return the handwriting in a picture that does not come from the page's canvas.

    A picture without anything but ink on even paper stays as it is, byte for byte, unless its ink
    touches the border: then, it gets a margin, and is cleaned like a photo. A picture with a side
    below `MIN_SIDE` also stays as it is.

    Raises `BadImageError` with the code `too_faint` if nothing in a photo stands out from the
    paper.
    """
    if min(grey.shape) < MIN_SIDE:
        return CleanedPicture(grey)
    paper = int(np.median(grey))
    is_plain = (grey == paper).mean() >= PLAIN_SHARE
    sheet = None if is_plain else find_sheet(grey)
    if sheet is not None and sheet.is_wide:
        return CleanedPicture(_clean_photo(sheet.grey), sheet)
    padded = add_margin(grey)
    if padded is not None:
        return CleanedPicture(_clean_photo(padded.grey), padded)
    if is_plain:
        return CleanedPicture(_clean_plain(grey, paper))
    if sheet is not None:
        return CleanedPicture(_clean_photo(sheet.grey), sheet)
    covered = cover_table(grey)
    if covered is not None:
        return CleanedPicture(_clean_photo(covered), lacks_sheet=True)
    return CleanedPicture(_clean_photo(grey))


def _clean_plain(grey: GreyImage, paper: int) -> GreyImage:
    if has_no_clutter(abs(grey.astype(np.int16) - paper) >= MIN_CONTRAST):
        return grey
    difference = paper - grey.astype(np.float32)
    if not is_dark_ink(difference):
        difference = -difference
    ink = _find_ink(difference, MIN_CONTRAST)
    if ink is None or not ink.others.any():
        return grey
    return np.asarray(255 - ink.amount)


def _clean_photo(grey: GreyImage) -> GreyImage:
    image = Image.fromarray(_without_black_edges(grey)).filter(ImageFilter.GaussianBlur(BLUR))
    difference = flatten_light(image)
    difference[find_object_edges(grey, difference)] = 0
    ink = _find_ink(difference, max(MIN_CONTRAST, NOISE_FACTOR * _noise(difference)))
    if ink is None:
        raise BadImageError("too_faint", "Nothing in the picture stands out. Use a darker pen.")
    return np.asarray(255 - ink.amount)


def _without_black_edges(grey: GreyImage) -> GreyImage:
    """Replace black areas at the edges of the picture by the grey of the paper.

    They are what a scanner sees next to the sheet, or a dark table.
    """
    black = touching_border(grey < BLACK * np.quantile(grey, 0.75))
    if not 0 < black.mean() < 0.5:
        return grey
    black = dilate(black, EDGE_BLUR)
    if black.all():  # The lines of a narrow grid, for example, are no edges.
        return grey
    return np.where(black, np.median(grey[~black]), grey).astype(np.uint8)


def _noise(difference: Field) -> float:
    """Return the standard deviation of the contrast on paper, as the median suggests it."""
    return float(1.48 * np.median(abs(difference - np.median(difference))))


@dataclass(frozen=True)
class _Ink:
    amount: GreyImage  # 0 is paper, 255 is full ink
    others: Mask  # what is not handwriting


def _find_ink(difference: Field, faintest: float) -> _Ink | None:
    """Return the handwriting, or None. `faintest` is the lowest contrast of ink."""
    removed = np.zeros(difference.shape, bool)
    rank = max(8, round(STRONGEST_PIXELS * difference.size))
    for _ in range(MAX_ROUNDS):
        values = difference[~removed]
        if values.size <= rank:
            return None
        strongest = float(-np.partition(-values, rank)[rank])
        if strongest < faintest:
            return None
        mask = (difference >= max(INK_CONTRAST * strongest, faintest / 2)) & ~removed
        kept, clutter = remove_clutter(mask)
        if kept.any():
            soft = difference >= max(EDGE_CONTRAST * strongest, faintest / 3)
            around = dilate(kept, SOFT_EDGE)
            full = FULL_CONTRAST * strongest
            amount = np.where(around & soft & ~clutter, difference.clip(0, full) * (255 / full), 0)
            others = ((difference >= MIN_CONTRAST) & ~around) | clutter
            return _Ink(np.rint(amount).astype(np.uint8), others)
        removed |= dilate(mask, SOFT_EDGE)
    return None
