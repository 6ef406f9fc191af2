"""Decide which owners are held out.

Versions are evaluated on their drawings and never trained on them.
"""

import hashlib
from collections.abc import Collection, Iterator
from typing import Final
from uuid import UUID

from recognizer.models import DeletedEntryCount, LedgerEntry, Review, Submission, pseudonym
from recognizer.models.batches import batched
from recognizer.models.submission_queryset import SubmissionQuerySet
from recognizer.training.rows import Row

OWNERS_PER_HELD_OUT_OWNER: Final = 5  # About one owner in five is held out.
MIN_OWNERS_TO_HOLD_OUT: Final = 5  # With fewer owners, only owners of test drawings are.
SAMPLE_SIZE: Final = 1000  # drawings; most samples of this size have enough owners


def split_by_owner(rows: list[Row]) -> tuple[list[Row], list[Row], dict[str, int]]:
    """Return the rows for training, the approved rows of the held-out owners, and two counts.

    The rows of one owner are never in both lists. The counts are those of the rows in neither list:
    `owner_trained` rows are only for evaluation, but a version was trained on other drawings of
    their owner. `pending_held_out` rows are pending rows of held-out owners, so nobody has checked
    their label.
    """
    held_out_owners = choose_held_out_owners(rows)
    training, held_out = [], []
    left_out_counts = {"owner_trained": 0, "pending_held_out": 0}
    for row in rows:
        if row.owner in held_out_owners:
            if row.review == Review.APPROVED:
                held_out.append(row)
            else:
                left_out_counts["pending_held_out"] += 1
        elif row.for_evaluation:
            left_out_counts["owner_trained"] += 1
        else:
            training.append(row)
    return training, held_out, left_out_counts


def choose_held_out_owners(rows: list[Row]) -> set[UUID]:
    """Return the owners to hold out.

    No version was ever trained on any of their drawings. If there are enough owners, at least one
    of them is held out, unless versions were trained on all of them.
    """
    owners = {row.owner for row in rows}
    owners_of_test_drawings = {row.owner for row in rows if row.for_evaluation}
    chosen = set(owners_of_test_drawings)
    if len(owners) >= MIN_OWNERS_TO_HOLD_OUT:
        chosen |= set(filter(is_held_out, owners))
    chosen -= trained_owners(chosen)
    if not chosen and len(owners) >= MIN_OWNERS_TO_HOLD_OUT:
        untrained = owners - trained_owners(owners)
        chosen = set(sorted(untrained, key=_hash)[:1])
    return chosen


def will_be_held_out(owner: UUID) -> bool:
    """Return whether the next training run holds out this owner, who has approved drawings.

    The result is that of `choose_held_out_owners`, but a page can wait for it: it reads only as
    many drawings as it needs.
    """
    if trained_owners([owner]):
        return False
    if approved_test_drawings().owned_by(owner).exists():
        return True
    owners: set[UUID] = set()
    for owners in _growing_samples():
        if len(owners) >= MIN_OWNERS_TO_HOLD_OUT:
            if is_held_out(owner):
                return True
            if _has_untrained({other for other in owners if _is_chosen_before(other, owner)}):
                return False
    # The last sample has all owners.
    owners_of_test_drawings = approved_test_drawings().values_list("owner", flat=True).distinct()
    return len(owners) >= MIN_OWNERS_TO_HOLD_OUT and not _has_untrained(owners_of_test_drawings)


def approved_test_drawings() -> SubmissionQuerySet:
    """Return the approved drawings of imported test splits, in no order."""
    return Submission.objects.filter(review=Review.APPROVED, for_evaluation=True).order_by()


def _growing_samples() -> Iterator[set[UUID]]:
    """Yield the owners of the newest approved drawings, of ten times as many, and so on."""
    approved = Submission.objects.filter(review=Review.APPROVED)  # newest first
    limit = SAMPLE_SIZE
    while True:
        owners = list(approved.values_list("owner", flat=True)[:limit])
        yield set(owners)
        if len(owners) < limit:
            return
        limit *= 10


def _is_chosen_before(other: UUID, owner: UUID) -> bool:
    return is_held_out(other) or _hash(other) < _hash(owner)


def _has_untrained(owners: Collection[UUID]) -> bool:
    return bool(set(owners) - trained_owners(owners))


def trained_owners(owners: Collection[UUID]) -> set[UUID]:
    """Return those of the owners on whose drawings any stored version was trained."""
    by_pseudonym = {pseudonym(owner): owner for owner in owners}
    found: set[UUID] = set()
    for batch in batched(by_pseudonym):
        for table in (LedgerEntry, DeletedEntryCount):
            rows = table.objects.filter(owner__in=batch).order_by()
            found |= set(rows.values_list("owner", flat=True).distinct())
    return {by_pseudonym[name] for name in found}


def is_held_out(owner: UUID) -> bool:
    """Return whether the hash of the owner is one of those to hold out, about one in five.

    `choose_held_out_owners` decides whether the owner is really held out.
    """
    return _hash(owner)[0] % OWNERS_PER_HELD_OUT_OWNER == 0


def _hash(owner: UUID) -> bytes:
    return hashlib.sha256(owner.bytes).digest()
