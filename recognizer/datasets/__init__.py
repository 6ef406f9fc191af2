"""Labelled drawings out and in, one file here for each format.

A format is a module with `Writer`, which takes rows one after the other, and `read`, which gives
them back so. Neither ever holds all of them.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

SIDE: Final = 28
SIZE: Final = SIDE * SIDE
NOT_A_DIGIT: Final = 10


class DatasetError(Exception):
    """A data set cannot be read or written; the message says where and why."""


@dataclass(frozen=True, slots=True)
class Row:
    """One drawing: 28×28 bytes, ink bright, and its label, 0 to 9 or 10 for "not a digit".

    Only NDJSON knows more than the first three.
    """

    pixels: bytes
    label: int
    test: bool = False
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
