"""Read a page of digits row by row: a list of numbers, a table, or a form."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

import numpy as np

from ml.arrays import Box, GreyImage, Pixels, Probabilities
from ml.preprocessing.connected_components import (
    Components,
    coarsen,
    component_boxes,
    label_components,
    typical_height,
)
from ml.preprocessing.decode import BadImageError
from ml.preprocessing.page_ink import PageInk, extract_page_ink
from ml.preprocessing.segmentation import segment_and_predict
from ml.preprocessing.segmented_digit import SegmentedDigit
from ml.runtime import Prediction, Predictor, to_prediction, to_text

COARSE_SIDE: Final = (
    480  # pixels, the longer side of the shrunk image in which components are found
)
MAX_COMPONENTS: Final = 2000  # a page with more is not a page of digits
MAX_PREDICTIONS: Final = 3000  # a page of 200 digits takes about 1400, or 2100 if many touch
TOUCHING_PREDICTIONS: Final = 2500  # after that many, touching digits are not cut any more
MAX_CHECK_PREDICTIONS: Final = 100  # the same, to find out whether there are several rows
LIKELY: Final = 0.5  # confidence of a number that is more likely right than wrong
MIN_DIGITS_SHARE: Final = 0.5  # of the numbers on a page; fewer are marks of another kind
NO_ROWS: Final = "The picture shows no rows of digits."
# Lengths are shares of the typical height of the page's components.
MIN_HEIGHT: Final = 0.45  # lower components, such as the bar of a five, belong to a neighbour
MIN_MARK: Final = 0.15  # smaller components are specks
MAX_HEIGHT: Final = 3.0  # larger components are not digits
MAX_WIDTH: Final = 8.0
ROW_DISTANCE: Final = 0.6  # between the centres of a component and of its row
NUMBER_GAP: Final = 0.8  # a wider gap separates two numbers
MARGIN: Final = 0.5  # around a number that is cut out


@dataclass(frozen=True)
class PageNumber:
    """A number on a page.

    `box` is its left, top, width and height, as shares of the picture. So are the boxes of the
    digits. The picture may be tilted, so the boxes of neighbours may overlap.
    """

    digits: list[SegmentedDigit]
    box: Box

    @property
    def text(self) -> str | None:
        """Return the digits as text, or None if one is "not a digit"."""
        return to_text(digit.prediction for digit in self.digits)

    @property
    def confidence(self) -> float:
        """Return the probability that all digits are correct."""
        return math.prod(digit.prediction.confidence for digit in self.digits)


class _Limited:
    """A predictor that stops after `limit` attempts: predicted images, and marks that are tried."""

    def __init__(self, recognizer: Predictor, limit: int) -> None:
        self._recognizer = recognizer
        self.left = limit

    def count(self) -> None:
        """Count an attempt to predict. Raises `BadImageError` after too many."""
        if self.left == 0:
            raise BadImageError("no_rows", NO_ROWS)
        self.left -= 1

    def predict(self, pixels: Pixels) -> Prediction:
        """Return the prediction. Raises `BadImageError` after too many predictions."""
        return to_prediction(self.predict_proba(pixels))

    def predict_proba(self, pixels: Pixels) -> Probabilities:
        """Return the probabilities. Raises `BadImageError` after too many predictions."""
        self.count()
        return self._recognizer.predict_proba(pixels)


@dataclass(frozen=True)
class _Component:
    label: int
    left: int
    top: int
    right: int
    bottom: int

    @property
    def height(self) -> int:
        return self.bottom - self.top

    @property
    def centre(self) -> float:
        return (self.top + self.bottom) / 2


def read_page(
    grey: GreyImage, recognizer: Predictor, pause: Callable[[], None] = lambda: None
) -> list[list[PageNumber]]:
    """Return the rows of a page, from top to bottom, each with its numbers from left to right.

    Calls `pause` before each number. Raises `BadImageError` if the page is blank or shows something
    other than rows of digits.
    """
    reader, rows = _lay_out(grey, _Limited(recognizer, MAX_PREDICTIONS))
    found = [numbers for row in rows if (numbers := _read_row(reader, row, pause))]
    texts = [number.text for row in found for number in row]
    too_few = sum(text is not None for text in texts) < MIN_DIGITS_SHARE * len(texts)
    if not found or (len(texts) > 1 and too_few):
        raise BadImageError("no_rows", NO_ROWS)
    return found


def _read_row(
    reader: "_Reader", row: list[list[_Component]], pause: Callable[[], None]
) -> list[PageNumber]:
    numbers = []
    for components in row:
        pause()
        if number := reader.read(components):
            numbers.append(number)
    return numbers


def has_several_rows(grey: GreyImage, recognizer: Predictor) -> bool:
    """Return whether at least two rows of a picture have a number that is probably right."""
    try:
        reader, rows = _lay_out(grey, _Limited(recognizer, MAX_CHECK_PREDICTIONS))
        likely = (row for row in rows if any(_is_likely(reader.read(number)) for number in row))
        return len(list(islice(likely, 2))) == 2
    except BadImageError:
        return False


def _is_likely(number: PageNumber | None) -> bool:
    return number is not None and number.text is not None and number.confidence >= LIKELY


def _lay_out(
    grey: GreyImage, recognizer: _Limited
) -> tuple["_Reader", list[list[list[_Component]]]]:
    """Return the rows of a page, each with the components of its numbers, and their reader."""
    page = extract_page_ink(grey)
    cell = max(1, math.ceil(max(page.amount.shape) / COARSE_SIDE))
    labels = label_components(coarsen(page.amount > 0, cell) > 0)
    components = _find_components(labels)
    if not 0 < len(components) <= MAX_COMPONENTS:
        raise BadImageError("no_rows", NO_ROWS)
    height = typical_height(np.array([each.height for each in components]))
    rows = _find_rows(_without_other_marks(components, height), height)
    reader = _Reader(page, labels, cell, round(MARGIN * height * cell), recognizer)
    return reader, [_split_row(row, height) for row in rows]


def _find_components(labels: Components) -> list[_Component]:
    boxes = enumerate(component_boxes(labels).tolist(), 1)
    components = [_Component(label, *box) for label, box in boxes]
    height, width = labels.shape
    # Marks that touch the border are the edge of the sheet, or the background around it.
    return [
        each
        for each in components
        if min(each.left, each.top) > 0 and each.right < width and each.bottom < height
    ]


def _without_other_marks(components: list[_Component], height: float) -> list[_Component]:
    """Leave out specks, and what is larger than digits."""
    return [
        each
        for each in components
        if each.height <= MAX_HEIGHT * height
        and each.right - each.left <= MAX_WIDTH * height
        and max(each.height, each.right - each.left) >= MIN_MARK * height
    ]


def _find_rows(components: list[_Component], height: float) -> list[list[_Component]]:
    """Group the components to rows, from top to bottom."""
    rows: list[list[_Component]] = []
    centres: list[float] = []
    tall = [each for each in components if each.height >= MIN_HEIGHT * height]
    for each in sorted(tall, key=lambda each: each.centre):
        if rows and each.centre - centres[-1] <= ROW_DISTANCE * height:
            rows[-1].append(each)
            centres[-1] += (each.centre - centres[-1]) / len(rows[-1])
        else:
            rows.append([each])
            centres.append(each.centre)
    for each in components:
        if each.height < MIN_HEIGHT * height and rows:
            nearest = int(np.argmin([abs(each.centre - centre) for centre in centres]))
            if abs(each.centre - centres[nearest]) <= ROW_DISTANCE * height:
                rows[nearest].append(each)
    return rows


def _split_row(row: list[_Component], height: float) -> list[list[_Component]]:
    """Split a row at wide gaps into numbers, from left to right."""
    numbers: list[list[_Component]] = []
    right = -math.inf
    for each in sorted(row, key=lambda each: each.left):
        if each.left - right > NUMBER_GAP * height:
            numbers.append([])
        numbers[-1].append(each)
        right = max(right, each.right)
    return numbers


@dataclass(frozen=True)
class _Reader:
    """Cuts numbers out of a page and predicts them. `cell` and `margin` are in pixels."""

    page: PageInk
    labels: Components
    cell: int
    margin: int
    recognizer: _Limited

    def read(self, number: list[_Component]) -> PageNumber | None:
        """Predict the digits of a number. Return None for a speck."""
        self.recognizer.count()  # A speck takes time, too, but is not predicted.
        left, top = min(each.left for each in number), min(each.top for each in number)
        right, bottom = max(each.right for each in number), max(each.bottom for each in number)
        own = np.isin(self.labels[top:bottom, left:right], [each.label for each in number])
        x0, y0, x1, y1 = (side * self.cell for side in (left, top, right, bottom))
        amount = self.page.amount[y0:y1, x0:x1]
        mask = own.repeat(self.cell, 0).repeat(self.cell, 1)
        ink = np.where(mask[: amount.shape[0], : amount.shape[1]], amount, 0)
        crop = np.pad(ink, self.margin).astype(np.uint8)
        try:
            cut_touching = self.recognizer.left > MAX_PREDICTIONS - TOUCHING_PREDICTIONS
            digits = segment_and_predict(255 - crop, self.recognizer, cut_touching=cut_touching)
        except BadImageError as error:
            if error.code == "no_rows":
                raise
            return None
        origin = x0 - self.margin, y0 - self.margin
        placed = [
            replace(digit, box=self._place(digit.box, crop.shape, origin)) for digit in digits
        ]
        return PageNumber(placed, self.page.to_original((x0, y0, x1, y1)))

    def _place(self, box: Box, shape: tuple[int, ...], origin: tuple[int, int]) -> Box:
        """Return the box of a digit, given as shares of a crop, as shares of the picture."""
        (height, width), (x0, y0), (left, top, w, h) = shape, origin, box
        return self.page.to_original(
            (x0 + left * width, y0 + top * height, x0 + (left + w) * width, y0 + (top + h) * height)
        )
