"""Cut a digit out of an image with several digits, and predict it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image

from ml.arrays import Box, GreyImage, InkImage, Mask, Pixels
from ml.preprocessing.decode import BadImageError
from ml.preprocessing.normalize import INK_LEVEL, normalize, normalize_ink
from ml.runtime import DIGIT_COUNT, Prediction, Predictor, to_prediction

MIN_DIGIT_ASPECT: Final = 0.075  # minimum width to height of a digit in a multi-digit number
MAX_DIGIT_ASPECT: Final = 1.6  # maximum width to height of a digit in a multi-digit number
MARGIN: Final = 0.4  # around a digit that is cut out; share of the digit's longer side
WIDTH_PENALTY: Final = 10.0  # negative log probability, of a digit that is twice as wide as high

Stroke = list[list[float]]  # points [x, y, ...], x and y in pixels


@dataclass(frozen=True)
class SegmentedDigit:
    """One digit of an image.

    `grey` is the digit cut out of the image, and `pixels` is its model input. `box` is the left,
    top, width and height of the digit's ink, as shares of the whole image's width and height.
    `origin` is the position (x, y) of the top left corner of `grey` in the whole image, in pixels.
    `mask` marks the digit's pixels in the whole image. `strokes` are the strokes that drew the
    digit, in the whole image, if the image was split by its strokes. `scale` is by how much the
    whole image was shrunk before it was split, because photos are shrunk.
    """

    grey: GreyImage
    pixels: Pixels
    prediction: Prediction
    box: Box
    origin: tuple[int, int]
    mask: Mask
    strokes: list[Stroke] | None = None
    scale: float = 1.0

    def crop_strokes(self, strokes: list[Stroke]) -> list[Stroke]:
        """Return the parts of the strokes that drew this digit.

        Takes coordinates in the whole image before it was shrunk, and returns coordinates in
        `grey`.
        """
        if self.strokes is not None:
            x0, y0 = self.origin
            return [[[x - x0, y - y0, *more] for x, y, *more in each] for each in self.strokes]
        cropped: list[Stroke] = []
        height, width = self.mask.shape
        for stroke in scale_strokes(strokes, self.scale):
            was_inside = False
            for x, y, *more in stroke:
                row, column = (min(max(int(y), 0), height - 1), min(max(int(x), 0), width - 1))
                is_inside = bool(self.mask[row, column])
                if is_inside:
                    cropped = cropped if was_inside else [*cropped, []]
                    cropped[-1].append([x - self.origin[0], y - self.origin[1], *more])
                was_inside = is_inside
        return cropped


def scale_strokes(strokes: Sequence[Stroke], scale: float) -> list[Stroke]:
    """Return the strokes with scaled positions and widths."""
    if scale == 1:
        return list(strokes)
    return [[_scale_point(scale, *point) for point in stroke] for stroke in strokes]


def _scale_point(scale: float, x: float, y: float, *time_and_width: float) -> list[float]:
    time, width = time_and_width[:1], time_and_width[1:]
    return [x * scale, y * scale, *time, *(each * scale for each in width)]


def predict_whole(grey: GreyImage, ink: InkImage, recognizer: Predictor) -> SegmentedDigit:
    """Predict the whole image as one digit. `ink` is its ink, as `extract_ink` returns it."""
    pixels = normalize_ink(ink)
    box, everywhere = _box(ink >= INK_LEVEL), np.ones_like(ink, bool)
    return SegmentedDigit(grey, pixels, recognizer.predict(pixels), box, (0, 0), everywhere)


def predict_part(
    ink: InkImage, mask: Mask, recognizer: Predictor
) -> tuple[SegmentedDigit | None, float]:
    """Return the digit under the mask and its cost.

    The cost is the negative log probability of the most likely digit, plus a penalty if the ink is
    wide. If the ink is too narrow, too wide, or unusable, the result is None with an infinite cost.
    """
    solid = mask & (ink >= INK_LEVEL)
    if not solid.any():
        return None, math.inf
    width, height = _size(solid)
    if not MIN_DIGIT_ASPECT <= width / height <= MAX_DIGIT_ASPECT:
        return None, math.inf
    grey, origin = _cut_out(ink, mask, solid)
    try:
        pixels = normalize(grey)
    except BadImageError:
        return None, math.inf
    probabilities = recognizer.predict_proba(pixels)
    digit = SegmentedDigit(grey, pixels, to_prediction(probabilities), _box(solid), origin, mask)
    excess_width = max(0.0, width / height - 1)
    probability = max(float(probabilities[:DIGIT_COUNT].max()), 1e-9)
    return digit, WIDTH_PENALTY * excess_width - math.log(probability)


def _cut_out(ink: InkImage, mask: Mask, solid: Mask) -> tuple[GreyImage, tuple[int, int]]:
    """Return the ink under the mask, black on white in a square with a margin.

    Also returns the position (x, y) of the square's top left corner in the whole image.
    """
    (left, right), (top, bottom) = columns(solid), rows(solid)
    side = round((1 + 2 * MARGIN) * max(right - left, bottom - top))
    x, y = (left + right - side) // 2, (top + bottom - side) // 2
    alone = Image.fromarray(np.where(mask, ink, 0).astype(np.uint8))
    return 255 - np.asarray(alone.crop((x, y, x + side, y + side))), (x, y)


def _box(ink: Mask) -> Box:
    """Return the ink's left, top, width and height, as shares of the image's width and height."""
    (left, right), (top, bottom) = columns(ink), rows(ink)
    height, width = ink.shape
    return left / width, top / height, (right - left) / width, (bottom - top) / height


def _size(ink: Mask) -> tuple[int, int]:
    """Return the width and the height of the ink in pixels."""
    (left, right), (top, bottom) = columns(ink), rows(ink)
    return right - left, bottom - top


def columns(mask: Mask) -> tuple[int, int]:
    """Return the first column with ink, and the column after the last one with ink."""
    found = np.flatnonzero(mask.any(axis=0))
    return int(found[0]), int(found[-1]) + 1


def rows(mask: Mask) -> tuple[int, int]:
    """Return the first row with ink, and the row after the last one with ink."""
    found = np.flatnonzero(mask.any(axis=1))
    return int(found[0]), int(found[-1]) + 1
