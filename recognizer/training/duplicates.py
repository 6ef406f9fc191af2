"""Leave out duplicates: drawings that are the same as another drawing, or nearly the same."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import groupby
from typing import Final
from uuid import UUID

import numpy as np
import numpy.typing as npt

from ml.data.mnist_evaluation import digest
from recognizer.models import Review, Submission
from recognizer.models.batches import batched
from recognizer.training.rows import Row

NEAR_DUPLICATE_CORRELATION: Final = 0.97  # Drawings that correlate more are near duplicates.

Digests = dict[UUID, int]  # the digest of the pixels of each row, by the row's id


def deduplicate(rows: list[Row]) -> tuple[list[Row], Digests]:
    """Return the rows without duplicates, and the digest of the pixels of each.

    The first of identical or similar drawings is kept. Drawings of several owners are duplicates if
    their pixels and labels are identical. Drawings of one owner are duplicates if their labels are
    identical and their pixels nearly identical. Rows that were deleted meanwhile are left out as
    well.
    """
    candidates = _digests_without_near_duplicates(rows)
    known: set[tuple[int, int]] = set()
    kept, digests = [], {}
    for row in rows:
        found = candidates.get(row.id)
        if found is not None and (found, row.effective_label) not in known:
            known.add((found, row.effective_label))
            kept.append(row)
            digests[row.id] = found
    return kept, digests


def _digests_without_near_duplicates(rows: list[Row]) -> Digests:
    """Return the digests of the rows that are not near duplicates of an earlier row."""
    groups: dict[Hashable, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row.owner, row.effective_label].append(row)
    sorted_rows = (row for group in groups.values() for row in group)
    digests = {}
    for _, group in groupby(
        with_pixels(sorted_rows), lambda pair: (pair[0].owner, pair[0].effective_label)
    ):
        for row, pixels in drop_near_duplicates(list(group)):
            digests[row.id] = digest(pixels)
    return digests


def drop_near_duplicates(drawings: Sequence[tuple[Row, bytes]]) -> Iterator[tuple[Row, bytes]]:
    """Yield the drawings that are not near duplicates of a drawing yielded before.

    `drawings` are (row, pixels) pairs of one owner and one label.
    """
    earlier_vectors: list[npt.NDArray[np.float32]] = []
    for batch in batched(drawings):
        vectors = np.stack([unit_vector(pixels) for _, pixels in batch])
        is_duplicate = np.zeros(len(vectors), bool)
        for others in earlier_vectors:
            is_duplicate |= (vectors @ others.T > NEAR_DUPLICATE_CORRELATION).any(axis=1)
        is_similar = vectors @ vectors.T > NEAR_DUPLICATE_CORRELATION
        kept = []
        for i, drawing in enumerate(batch):
            if not is_duplicate[i]:
                is_duplicate |= is_similar[i]
                kept.append(i)
                yield drawing
        earlier_vectors.append(vectors[kept])


class ApprovedPixels:
    """The set of the pixels of all approved submissions, as of the first use."""

    def __contains__(self, pixels: bytes) -> bool:
        found = digest(pixels)
        index = np.searchsorted(self._digests, np.uint64(found))
        return bool(index < len(self._digests) and self._digests[index] == found)

    @cached_property
    def _digests(self) -> npt.NDArray[np.uint64]:
        """Read the digests, (n,) uint64, sorted. A million take 8 MB."""
        rows = Submission.objects.filter(review=Review.APPROVED).order_by()
        pixels = rows.values_list("pixels", flat=True).iterator()
        return np.sort(np.fromiter(map(digest, map(bytes, pixels)), np.uint64))


def with_pixels(rows: Iterable[Row]) -> Iterator[tuple[Row, bytes]]:
    """Yield each row with its pixels. Skip rows that were deleted meanwhile.

    The pixels are read in batches, so that only one batch of them is in memory.
    """
    for batch in batched(rows):
        stored = Submission.objects.filter(pk__in=[row.id for row in batch]).order_by()
        pixels = dict(stored.values_list("id", "pixels"))
        yield from ((row, bytes(pixels[row.id])) for row in batch if row.id in pixels)


def unit_vector(pixels: bytes) -> npt.NDArray[np.float32]:
    """Return the pixels as a vector with mean 0 and length 1, (784,) float32.

    The dot product of two such vectors is the correlation of their pixels.
    """
    vector = np.frombuffer(pixels, np.uint8).astype(np.float32)
    vector -= vector.mean()
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-6))
