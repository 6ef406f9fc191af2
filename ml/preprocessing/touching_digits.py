"""Cut two touching digits apart.

The method is over-segmentation with recognition (R. Casey and E. Lecolinet, "A Survey of Methods
and Strategies in Character Segmentation", 1996). The ink is cut along straight lines at several
positions and angles, and the recognizer predicts both sides of each cut. The digits share the ink
near the cut, because their strokes overlap there.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from ml.arrays import InkImage, Mask, Probabilities
from ml.preprocessing.decode import BadImageError
from ml.preprocessing.normalize import INK_LEVEL, normalize_ink
from ml.preprocessing.segmented_digit import MAX_DIGIT_ASPECT, columns, rows
from ml.runtime import DIGIT_COUNT, NOT_A_DIGIT, Predictor

ASPECT_RANGE: Final = (0.5, 2.4)  # width to height of two touching digits
SINGLE_PROBABILITY: Final = 0.95  # ink is not cut if it is this probably a single digit
MAX_SINGLE_ASPECT: Final = 1.0  # wider ink may be two digits, whatever its probability
HEIGHT: Final = 64  # pixels, of the shrunk ink in which cuts are tried
SPACING: Final = 3  # pixels of the shrunk ink between two cuts
POSITIONS: Final = 25  # of cuts at the same angle, approximately, in wide ink
ANGLES: Final = (-20, -10, 0, 10, 20)  # degrees from the vertical
MIN_INK_SHARE: Final = 0.08  # of the ink on the other side of a cut; less is no digit

# A logistic regression on touching digits, single digits and letters chose these weights. The cut
# with the highest score wins, and the ink is cut if the score is positive.
START_SCORE: Final = -4.8
COST_WEIGHT: Final = -1.1  # of the logarithm of both digits' negative log probability
COST_OFFSET: Final = 0.004  # keeps the logarithm finite
LOW_WEIGHT: Final = -21.0  # of how much lower than the ink both digits are, share of its height
WIDTH_WEIGHT: Final = 1.5  # of the width to height of the ink
MAX_WIDTH: Final = 1.4
NOT_A_DIGIT_WEIGHT: Final = 0.4  # of the log probability that the whole ink is "not a digit"
ONE_WEIGHT: Final = -1.0  # of each digit that is a one: parts of letters look like ones
# Added to the scores if there are other digits next to the ink, and it is too wide for one digit.
NUMBER_BONUS: Final = 6.0
MIN_PROBABILITY: Final = 1e-4  # lower probabilities count as this one


@dataclass(frozen=True)
class _Cut:
    """A straight line through the middle of the ink at `x`. Lengths are shares of the height."""

    x: float
    degrees: float

    def sides(
        self, row: npt.NDArray[np.float64], column: npt.NDArray[np.float64], overlap: float
    ) -> list[Mask]:
        """Return which pixels are on the left and on the right. Those near the line are on both."""
        line = self.x + (row[:, None] - 0.5) * math.tan(math.radians(self.degrees))
        return [column < line + overlap, column >= line - overlap]

    def split(self, small: InkImage, overlap: float) -> list[InkImage]:
        """Return the ink on both sides of the line."""
        row, column = ((np.arange(length) + 0.5) / HEIGHT for length in small.shape)
        return [np.where(side, small, 0) for side in self.sides(row, column, overlap)]


def split_touching(
    ink: InkImage, mask: Mask, recognizer: Predictor, *, is_in_number: bool
) -> list[Mask]:
    """Return the masks of the two digits under the mask, from left to right.

    If the ink is not clearly two touching digits, the list has one item, the mask itself.
    `is_in_number` tells whether there are other digits next to the ink.
    """
    solid = mask & (ink >= INK_LEVEL)
    if not solid.any():
        return [mask]
    (left, right), (top, bottom) = columns(solid), rows(solid)
    aspect = (right - left) / (bottom - top)
    if not ASPECT_RANGE[0] <= aspect <= ASPECT_RANGE[1]:
        return [mask]
    alone = Image.fromarray(np.where(mask, ink, 0).astype(np.uint8))
    size = (round(HEIGHT * aspect), HEIGHT)
    small = np.asarray(alone.crop((left, top, right, bottom)).resize(size, Image.Resampling.BOX))
    overlap = _pen_width(small >= INK_LEVEL) / 2 / HEIGHT
    cut = _best_cut(small, aspect, overlap, recognizer, is_in_number)
    if cut is None:
        return [mask]
    row = (np.arange(mask.shape[0]) + 0.5 - top) / (bottom - top)
    column = (np.arange(mask.shape[1]) + 0.5 - left) / (bottom - top)
    return [mask & side for side in cut.sides(row, column, overlap)]


def _pen_width(ink: Mask) -> float:
    """Return the mean width of the strokes: twice their area, divided by their outline's length."""
    padded = np.pad(ink, 1)
    inner = padded[1:-1, :-2] & padded[1:-1, 2:] & padded[:-2, 1:-1] & padded[2:, 1:-1]
    return float(2 * ink.sum() / max(1, (ink & ~inner).sum()))


def _best_cut(
    small: InkImage, aspect: float, overlap: float, recognizer: Predictor, is_in_number: bool
) -> _Cut | None:
    """Return the cut with the highest score, or None if the ink is probably not two digits."""
    whole = _predict(small, recognizer)
    if whole is None or (
        aspect < MAX_SINGLE_ASPECT and whole[:DIGIT_COUNT].max() > SINGLE_PROBABILITY
    ):
        return None
    start = (
        START_SCORE
        + (NUMBER_BONUS if is_in_number and aspect > MAX_DIGIT_ASPECT else 0)
        + WIDTH_WEIGHT * min(aspect, MAX_WIDTH)
        + NOT_A_DIGIT_WEIGHT * _log(whole[NOT_A_DIGIT])
    )
    best, best_score = None, 0.0
    for cut in _cuts(small.shape[1]):
        sides = cut.split(small, overlap)
        score = start + _score(sides, best_score - start, recognizer)
        if score > best_score:
            best, best_score = cut, score
    return best


def _cuts(width: int) -> Iterator[_Cut]:
    spacing = max(SPACING, width // POSITIONS)
    for degrees in ANGLES:
        for column in range(2 * SPACING, width - SPACING, spacing):
            yield _Cut(column / HEIGHT, degrees)


def _score(sides: list[InkImage], needed: float, recognizer: Predictor) -> float:
    """Return the part of the score that depends on the cut.

    If it cannot exceed `needed`, the result is minus infinity, and predictions are saved.
    """
    solid = [side >= INK_LEVEL for side in sides]
    if min(map(np.sum, solid)) < MIN_INK_SHARE * max(map(np.sum, solid)):
        return -math.inf
    lowness = sum(1 - (bottom - top) / HEIGHT for top, bottom in map(rows, solid))
    score, cost = LOW_WEIGHT * lowness, COST_OFFSET
    for side in sides:
        if score + COST_WEIGHT * math.log(cost) <= needed:
            return -math.inf
        probabilities = _predict(side, recognizer)
        if probabilities is None:
            return -math.inf
        digits = probabilities[:DIGIT_COUNT]
        cost -= min(0.0, _log(digits.max()))
        score += ONE_WEIGHT * (digits.argmax() == 1)
    return score + COST_WEIGHT * math.log(cost)


def _predict(ink: InkImage, recognizer: Predictor) -> Probabilities | None:
    try:
        return recognizer.predict_proba(normalize_ink(ink))
    except BadImageError:
        return None


def _log(probability: float) -> float:
    return math.log(probability + MIN_PROBABILITY)
