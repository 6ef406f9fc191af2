"""Split long sequences of rows or ids."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final, TypeVar

T = TypeVar("T")

BATCH_SIZE: Final = 1000  # items; databases limit the number of parameters of a statement


def batched(items: Iterable[T]) -> Iterator[list[T]]:
    """Yield the items in lists of at most `BATCH_SIZE`."""
    remaining = iter(items)
    while batch := list(islice(remaining, BATCH_SIZE)):
        yield batch
