"""The type of the selected rows, and a function that splits long sequences of them."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Final, TypeVar

T = TypeVar("T")
# A named tuple with the columns of `training_data.labelled_rows`. mypy cannot name its type.
Row = Any

BATCH_SIZE: Final = 1000  # items; databases limit the number of parameters of a statement


def batched(items: Iterable[T]) -> Iterator[list[T]]:
    """Yield the items in lists of at most `BATCH_SIZE`."""
    remaining = iter(items)
    while batch := list(islice(remaining, BATCH_SIZE)):
        yield batch
