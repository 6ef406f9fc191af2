"""Export and import labelled drawings. Each format has one module.

A format's module has a class `Writer`, which writes rows one by one, and a function `read`, which
yields them. Neither holds the pixels of all rows in memory.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, get_args
from uuid import UUID

from recognizer.models import Label
from recognizer.serving.stored_pixels import IMAGE_SIDE

Split = Literal["train", "test"]
SPLITS: Final[tuple[Split, ...]] = get_args(Split)
PIXEL_COUNT: Final = IMAGE_SIDE * IMAGE_SIDE


class DatasetError(Exception):
    """Raised when a dataset cannot be read or written. The message says where and why."""


@dataclass(frozen=True, slots=True)
class Row:
    """One drawing with its label. Raises `DatasetError` if its pixels or its label are invalid.

    `pixels` are 28×28 bytes, from 0 for paper to 255 for ink. `label` is 0 to 9, or 10 for "not a
    digit". `writer` is a pseudonym of the person who made the drawing. An import gets the
    attributes after `split` only from NDJSON.
    """

    pixels: bytes
    label: int
    split: Split = "train"
    id: UUID | None = None
    created: datetime | None = None
    writer: str | None = None
    image: bytes | None = None
    strokes: Any = None

    def __post_init__(self) -> None:
        if len(self.pixels) != PIXEL_COUNT or not 0 <= self.label <= Label.NOT_A_DIGIT:
            raise DatasetError(
                f"a drawing needs {PIXEL_COUNT} pixels and a label from 0 to {Label.NOT_A_DIGIT}, "
                f"not {len(self.pixels)} and {self.label}"
            )
