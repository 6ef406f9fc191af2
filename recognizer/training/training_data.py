"""Select the labels that a training learns from, and the labels that evaluate it.

No single person decides what the network learns: a drawing counts once, and each owner and each
label has a cap.
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

HELD_OUT_FRACTION: Final = 5  # one owner in five is held out
MIN_OWNERS_TO_HOLD_OUT: Final = 5  # with fewer owners, all of them are needed for training
NEAR_DUPLICATE_CORRELATION: Final = 0.97
CAP_TO_MEDIAN_RATIO: Final = 3  # a group's cap, as a multiple of the median group
MIN_CAP: Final = 50  # labels; a cap is never lower
COUNT_LIMIT: Final = 10_000  # labels; to compare more takes too long for a page
BATCH_SIZE: Final = 1000  # rows; databases also limit the parameters of a statement

Row = Any  # a named tuple of Submission.objects.values_list() with `effective_label`
Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class TrainingSelection:
    """Rows of submissions, oldest first. They have no pixels, because there may be a million.

    `left_out` maps a reason to the number of rows that are not learned for it.
    """

    learned: list[Row]
    held_out: list[Row]
    left_out: dict[str, int]

    @cached_property
    def new_ids(self) -> list[UUID]:
        """Return the ids of the `learned` rows that no live version has learned yet."""
        return [row.id for row in self.learned if row.learned_in is None]

    @cached_property
    def sha256(self) -> str:
        """Return the hash of the ids and labels of the `learned` rows."""
        sha = hashlib.sha256()
        for row in self.learned:
            sha.update(f"{row.id} {row.effective_label}\n".encode())
        return sha.hexdigest()

    @property
    def counts(self) -> dict[str, int]:
        """Return the number of learned, new, held-out and left-out rows."""
        return {
            "learned": len(self.learned),
            "new": len(self.new_ids),
            "held_out": len(self.held_out),
            **self.left_out,
        }


def select(include_pending: bool) -> TrainingSelection:
    """Split all labelled submissions by owner, without duplicates and within the caps.

    A held-out owner stays held out. An owner whose drawings were used for training is never part
    of an evaluation set.
    """
    learned, held_out = _split_by_owner(_labelled_rows(include_pending))
    unique = deduplicate(learned)
    capped = cap_per_group(unique, lambda row: row.owner)
    capped = cap_per_group(capped, lambda row: row.effective_label)
    left_out = {"duplicates": len(learned) - len(unique), "over_cap": len(unique) - len(capped)}
    return TrainingSelection(capped, deduplicate(held_out), left_out)


def _labelled_rows(include_pending: bool) -> list[Row]:
    return list(
        Submission.objects.labelled(include_pending)  # type: ignore[misc]  # has an annotation
        .order_by("created", "id")
        .values_list("id", "owner", "effective_label", "review", "learned_in", named=True)
        .iterator()
    )


def _split_by_owner(rows: list[Row]) -> tuple[list[Row], list[Row]]:
    """Return the rows to learn, and the approved rows of the held-out owners."""
    learned_owners = {row.owner for row in rows if row.learned_in is not None}
    few_owners = len({row.owner for row in rows}) < MIN_OWNERS_TO_HOLD_OUT
    learned, held_out = [], []
    for row in rows:
        if few_owners or row.owner in learned_owners or not is_held_out(row.owner):
            learned.append(row)
        elif row.review == Review.APPROVED:
            held_out.append(row)
    return learned, held_out


def counts_for_page() -> dict[str, int] | None:
    """Return the counts of the approved submissions, or None for more than `COUNT_LIMIT`."""
    approved = Submission.objects.labelled(include_pending=False).order_by()
    if approved[: COUNT_LIMIT + 1].count() > COUNT_LIMIT:
        return None
    return select(include_pending=False).counts


def deduplicate(rows: list[Row]) -> list[Row]:
    """Keep the first of identical drawings, and the first of an owner's near duplicates."""
    digests = _digests_without_near_duplicates(rows)
    known: set[bytes] = set()
    kept = []
    for row in rows:
        digest = digests.get(row.id)
        if digest is not None and digest not in known:
            known.add(digest)
            kept.append(row)
    return kept


def _digests_without_near_duplicates(rows: list[Row]) -> dict[UUID, bytes]:
    """Return a hash of label and pixels for each row that is not a near duplicate."""
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
    """Yield the drawings that do not correlate with an earlier one.

    `drawings` are (row, pixels) pairs of one owner and one label.
    """
    earlier: list[npt.NDArray[np.float32]] = []
    for start in range(0, len(drawings), BATCH_SIZE):
        batch = drawings[start : start + BATCH_SIZE]
        vectors = np.stack([unit_vector(pixels) for _, pixels in batch])
        is_duplicate = np.zeros(len(vectors), bool)
        for others in earlier:
            is_duplicate |= (vectors @ others.T > NEAR_DUPLICATE_CORRELATION).any(axis=1)
        similar = vectors @ vectors.T > NEAR_DUPLICATE_CORRELATION
        kept = []
        for i, drawing in enumerate(batch):
            if not is_duplicate[i]:
                is_duplicate |= similar[i]
                kept.append(i)
                yield drawing
        earlier.append(vectors[kept])


def with_pixels(rows: Iterable[Row]) -> Iterator[tuple[Row, bytes]]:
    """Yield each row with its pixels, read in batches. Skip rows that were deleted meanwhile."""
    rows = iter(rows)
    while batch := list(islice(rows, BATCH_SIZE)):
        stored = Submission.objects.filter(pk__in=[row.id for row in batch]).order_by()
        pixels = dict(stored.values_list("id", "pixels"))
        yield from ((row, bytes(pixels[row.id])) for row in batch if row.id in pixels)


def cap_per_group(rows: list[Row], key: Callable[[Row], Hashable]) -> list[Row]:
    """Keep the newest rows of each group, up to the cap. The order of the rows is kept.

    The cap is `CAP_TO_MEDIAN_RATIO` times the size of the median group, and at least `MIN_CAP`.
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
    """Return the pixels (n, 28, 28) and labels (n,) of the rows, both uint8.

    The arrays are filled in place, so that a million drawings are in memory only once.
    """
    pixels, labels = np.empty((len(rows), 28 * 28), np.uint8), np.empty(len(rows), np.uint8)
    count = 0
    for row, drawing in with_pixels(rows):
        pixels[count], labels[count] = np.frombuffer(drawing, np.uint8), row.effective_label
        count += 1
    return pixels[:count].reshape(-1, 28, 28), labels[:count]


def is_held_out(owner: UUID) -> bool:
    """Return whether the owner is held out. The answer is always the same for an owner."""
    return hashlib.sha256(owner.bytes).digest()[0] % HELD_OUT_FRACTION == 0


def unit_vector(pixels: bytes) -> npt.NDArray[np.float32]:
    """Return the pixels as a (784,) vector with mean 0 and length 1.

    The product of two such vectors is their correlation.
    """
    vector = np.frombuffer(pixels, np.uint8).astype(np.float32)
    vector -= vector.mean()
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-6))
