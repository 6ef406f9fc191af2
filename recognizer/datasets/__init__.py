"""Export and import labelled drawings. Each format has one module.

A format's module has a class `Writer`, which writes rows one by one, and a function `read`, which
yields them. Neither of them holds all rows in memory.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, get_args
from uuid import UUID

Split = Literal["train", "test"]
SPLITS: Final[tuple[Split, ...]] = get_args(Split)
SIDE: Final = 28
SIZE: Final = SIDE * SIDE
NOT_A_DIGIT: Final = 10


class DatasetError(Exception):
    """Raised when a dataset cannot be read or written; the message says where and why."""


@dataclass(frozen=True, slots=True)
class Row:
    """One drawing: 28×28 bytes, 0 for paper, and its label, 0 to 9 or 10 for "not a digit".

    Only NDJSON stores the attributes after `split`.
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
        if len(self.pixels) != SIZE or not 0 <= self.label <= NOT_A_DIGIT:
            raise DatasetError(
                f"a drawing needs {SIZE} pixels and a label from 0 to {NOT_A_DIGIT}, "
                f"not {len(self.pixels)} and {self.label}"
            )
