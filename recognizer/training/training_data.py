"""Select the labelled submissions for training, and those that are held out for evaluation.

Duplicates count once, and the number of drawings per owner and per label is capped, so that a
single owner has little influence.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby, islice
from statistics import median
from typing import Any, Final
from uuid import UUID

import numpy as np
import numpy.typing as npt

from recognizer.models import Review, Submission

OWNERS_PER_HELD_OUT_OWNER: Final = 5  # About one owner in five is held out.
MIN_OWNERS_TO_HOLD_OUT: Final = 5  # With fewer owners, none is held out.
NEAR_DUPLICATE_CORRELATION: Final = 0.97  # Drawings that correlate more are near duplicates.
CAP_TO_MEDIAN_RATIO: Final = 3  # The cap of a group is this multiple of the median group size.
MIN_CAP: Final = 50  # drawings; a cap is never lower
COUNT_LIMIT: Final = 10_000  # drawings; comparing more of them takes too long for a page
BATCH_SIZE: Final = 1000  # rows; databases limit the number of parameters of a statement

# A named tuple with the columns of `_labelled_rows`. mypy cannot name its type.
Row = Any
Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class TrainingSelection:
    """The rows to train on and the held-out rows, both oldest first, without their pixels.

    The pixels of a million drawings would need too much memory. `left_out_counts` maps a reason to
    the number of rows that are left out of the training data for that reason.
    """

    training: list[Row]
    held_out: list[Row]
    left_out_counts: dict[str, int]

    @cached_property
    def new_ids(self) -> list[UUID]:
        """Return the ids of the `training` rows that no accepted version was trained on yet."""
        return [row.id for row in self.training if row.learned_in is None]

    @cached_property
    def sha256(self) -> str:
        """Return the SHA-256 of the ids and labels of the `training` rows."""
        sha = hashlib.sha256()
        for row in self.training:
            sha.update(f"{row.id} {row.effective_label}\n".encode())
        return sha.hexdigest()

    @property
    def counts(self) -> dict[str, int]:
        """Return the number of training, new, held-out and left-out rows.

        The new rows are part of the training rows.
        """
        return {
            "training": len(self.training),
            "new": len(self.new_ids),
            "held_out": len(self.held_out),
            **self.left_out_counts,
        }


def select(include_pending: bool) -> TrainingSelection:
    """Split all labelled submissions by owner, drop duplicates, and apply the caps.

    The rows of one owner are never in both lists. An owner is not held out if an accepted version
    was trained on one of their labelled submissions.
    """
    training, held_out = _split_by_owner(_labelled_rows(include_pending))
    unique = deduplicate(training)
    capped = cap_per_group(unique, lambda row: row.owner)
    capped = cap_per_group(capped, lambda row: row.effective_label)
    left_out_counts = {
        "duplicates": len(training) - len(unique),
        "over_cap": len(unique) - len(capped),
    }
    return TrainingSelection(capped, deduplicate(held_out), left_out_counts)


def _labelled_rows(include_pending: bool) -> list[Row]:
    return list(
        Submission.objects.labelled(include_pending)  # type: ignore[misc]  # has an annotation
        .order_by("created", "id")
        .values_list("id", "owner", "effective_label", "review", "learned_in", named=True)
        .iterator()
    )


def _split_by_owner(rows: list[Row]) -> tuple[list[Row], list[Row]]:
    """Return the rows for training, and the approved rows of the held-out owners.

    Pending rows of held-out owners are in neither list, because nobody has checked their label.
    """
    trained_owners = {row.owner for row in rows if row.learned_in is not None}
    few_owners = len({row.owner for row in rows}) < MIN_OWNERS_TO_HOLD_OUT
    training, held_out = [], []
    for row in rows:
        if few_owners or row.owner in trained_owners or not is_held_out(row.owner):
            training.append(row)
        elif row.review == Review.APPROVED:
            held_out.append(row)
    return training, held_out


def counts_for_page() -> dict[str, int] | None:
    """Return `select().counts`, or None if more than `COUNT_LIMIT` submissions are approved."""
    approved = Submission.objects.labelled(include_pending=False).order_by()
    if approved[: COUNT_LIMIT + 1].count() > COUNT_LIMIT:
        return None
    return select(include_pending=False).counts


def deduplicate(rows: list[Row]) -> list[Row]:
    """Return the rows without duplicates. The first of identical or similar drawings is kept.

    Drawings of several owners are duplicates if their pixels and labels are identical. Drawings of
    one owner are duplicates if their labels are identical and their pixels nearly identical. Rows
    that were deleted meanwhile are left out as well.
    """
    digests = _digests_without_near_duplicates(rows)
    known_digests: set[bytes] = set()
    kept = []
    for row in rows:
        digest = digests.get(row.id)
        if digest is not None and digest not in known_digests:
            known_digests.add(digest)
            kept.append(row)
    return kept


def _digests_without_near_duplicates(rows: list[Row]) -> dict[UUID, bytes]:
    """Return {id: hash of label and pixels} of the rows that are not near duplicates."""
    groups: dict[Hashable, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row.owner, row.effective_label].append(row)
    sorted_rows = (row for group in groups.values() for row in group)
    digests = {}
    for _, group in groupby(
        with_pixels(sorted_rows), lambda pair: (pair[0].owner, pair[0].effective_label)
    ):
        for row, pixels in drop_near_duplicates(list(group)):
            drawing = bytes([row.effective_label]) + pixels
            digests[row.id] = hashlib.blake2b(drawing, digest_size=16).digest()
    return digests


def drop_near_duplicates(drawings: Sequence[tuple[Row, bytes]]) -> Iterator[tuple[Row, bytes]]:
    """Yield the drawings that are not near duplicates of a drawing yielded before.

    `drawings` are (row, pixels) pairs of one owner and one label.
    """
    earlier_vectors: list[npt.NDArray[np.float32]] = []
    for start in range(0, len(drawings), BATCH_SIZE):
        batch = drawings[start : start + BATCH_SIZE]
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


def with_pixels(rows: Iterable[Row]) -> Iterator[tuple[Row, bytes]]:
    """Yield each row with its pixels. Skip rows that were deleted meanwhile.

    The pixels are read in batches, so that only one batch of them is in memory.
    """
    rows = iter(rows)
    while batch := list(islice(rows, BATCH_SIZE)):
        stored = Submission.objects.filter(pk__in=[row.id for row in batch]).order_by()
        pixels = dict(stored.values_list("id", "pixels"))
        yield from ((row, bytes(pixels[row.id])) for row in batch if row.id in pixels)


def cap_per_group(rows: list[Row], key: Callable[[Row], Hashable]) -> list[Row]:
    """Return the newest rows of each group, up to the cap. `rows` are sorted, oldest first.

    The cap is `CAP_TO_MEDIAN_RATIO` times the median group size, and at least `MIN_CAP`. The order
    of the rows stays the same.
    """
    groups: dict[Hashable, list[Row]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    if not groups:
        return rows
    cap = max(MIN_CAP, int(CAP_TO_MEDIAN_RATIO * median(map(len, groups.values()))))
    kept = {row.id for group in groups.values() for row in group[-cap:]}
    return [row for row in rows if row.id in kept]


def to_arrays(rows: Sequence[Row]) -> tuple[Pixels, Pixels]:
    """Return the pixels, (n, 28, 28) uint8, and the labels, (n,) uint8, of the rows.

    Rows that were deleted meanwhile are missing. The arrays are filled in place, so that a million
    drawings are in memory only once.
    """
    pixels, labels = np.empty((len(rows), 28 * 28), np.uint8), np.empty(len(rows), np.uint8)
    count = 0
    for row, drawing in with_pixels(rows):
        pixels[count], labels[count] = np.frombuffer(drawing, np.uint8), row.effective_label
        count += 1
    return pixels[:count].reshape(-1, 28, 28), labels[:count]


def is_held_out(owner: UUID) -> bool:
    """Return whether the hash of the owner is one of those to hold out, about one in five.

    `_split_by_owner` decides whether the owner is really held out.
    """
    return hashlib.sha256(owner.bytes).digest()[0] % OWNERS_PER_HELD_OUT_OWNER == 0


def unit_vector(pixels: bytes) -> npt.NDArray[np.float32]:
    """Return the pixels as a vector with mean 0 and length 1, (784,) float32.

    The dot product of two such vectors is the correlation of their pixels.
    """
    vector = np.frombuffer(pixels, np.uint8).astype(np.float32)
    vector -= vector.mean()
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-6))
