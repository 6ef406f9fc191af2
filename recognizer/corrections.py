"""Which labels a training learns from, and which it is only judged with.

Nobody decides alone what the network learns: the same drawing counts once, and neither one person
nor one label may outweigh all others.
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

HELD_OUT: Final = 5  # one owner in so many is never trained on, only judged with
FEW_OWNERS: Final = 5  # below this number of owners, all are trained on
ALIKE: Final = 0.97  # correlation of two drawings from which on they count as the same
FAIR: Final = 3  # nobody, and no label, counts for more than so many times the middle one
ALWAYS: Final = 50  # ... but so many are never too many
MANY: Final = 10_000  # labels; more are not compared for a page
AT_ONCE: Final = 1000  # pictures; a statement takes only so many parameters, too

Row = Any  # of Submission.objects.values_list(..., named=True); "said" is annotated
Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Corrections:
    """Rows of approved submissions, oldest first and without pixels: they may be a million.

    `left_out` says why some are not learned, and how many.
    """

    learned: list[Row]
    held_out: list[Row]
    left_out: dict[str, int]

    @cached_property
    def new_ids(self) -> list[UUID]:
        """Those of `learned` that no live version has learned yet."""
        return [row.id for row in self.learned if row.learned_in is None]

    @cached_property
    def sha256(self) -> str:
        """Over ids and labels of what is trained on."""
        sha = hashlib.sha256()
        for row in self.learned:
            sha.update(f"{row.id} {row.said}\n".encode())
        return sha.hexdigest()

    @property
    def counts(self) -> dict[str, int]:
        """How many are learned, how many of those are new, and how many are not learned."""
        return {
            "learned": len(self.learned),
            "new": len(self.new_ids),
            "held_out": len(self.held_out),
            **self.left_out,
        }


def collect(include_pending: bool) -> Corrections:
    """Everything people have labelled, split by owner, without copies, within fair shares.

    Who is held out stays so, and who was ever trained on is never judged with.
    """
    rows = list(
        Submission.objects.labelled(include_pending)  # type: ignore[misc]  # "said" is annotated
        .order_by("created", "id")
        .values_list("id", "owner", "said", "review", "learned_in", named=True)
        .iterator()
    )
    learned_owners = {row.owner for row in rows if row.learned_in is not None}
    few = len({row.owner for row in rows}) < FEW_OWNERS
    learned, held_out = [], []
    for row in rows:
        if few or row.owner in learned_owners or not is_held_out(row.owner):
            learned.append(row)
        elif row.review == Review.APPROVED:
            held_out.append(row)
    unlike = without_copies(learned)
    fair = fair_shares(fair_shares(unlike, lambda row: row.owner), lambda row: row.said)
    left_out = {"copies": len(learned) - len(unlike), "over_share": len(unlike) - len(fair)}
    return Corrections(fair, without_copies(held_out), left_out)


def counts_for_a_page() -> dict[str, int] | None:
    """`Corrections.counts` of the approved ones; None where they are more than `MANY`."""
    some = Submission.objects.labelled(include_pending=False).order_by()[: MANY + 1]
    return None if some.count() > MANY else collect(include_pending=False).counts


def without_copies(rows: list[Row]) -> list[Row]:
    """The first of each drawing: not the same pixels again, nor one person's near copies."""
    groups: dict[Hashable, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row.owner, row.said].append(row)
    digests = {}
    together = (row for group in groups.values() for row in group)
    for _, group in groupby(drawn(together), lambda pair: (pair[0].owner, pair[0].said)):
        for row, pixels in unlike(list(group)):
            drawing = bytes([row.said]) + pixels
            digests[row.id] = hashlib.blake2b(drawing, digest_size=16).digest()
    seen: set[bytes] = set()
    kept = []
    for row in rows:
        digest = digests.get(row.id)
        if digest is not None and digest not in seen:
            seen.add(digest)
            kept.append(row)
    return kept


def unlike(drawings: Sequence[tuple[Row, bytes]]) -> Iterator[tuple[Row, bytes]]:
    """Of one person's drawings with one label the first ones, without near copies of them."""
    earlier: list[npt.NDArray[np.float32]] = []
    for start in range(0, len(drawings), AT_ONCE):
        some = drawings[start : start + AT_ONCE]
        block = np.stack([direction(pixels) for _, pixels in some])
        copies = np.zeros(len(block), bool)
        for others in earlier:
            copies |= (block @ others.T > ALIKE).any(axis=1)
        alike = block @ block.T > ALIKE
        kept = []
        for i, drawing in enumerate(some):
            if not copies[i]:
                copies |= alike[i]
                kept.append(i)
                yield drawing
        earlier.append(block[kept])


def drawn(rows: Iterable[Row]) -> Iterator[tuple[Row, bytes]]:
    """Each with its pixels, some at a time; not those that their owners deleted meanwhile."""
    rows = iter(rows)
    while some := list(islice(rows, AT_ONCE)):
        stored = Submission.objects.filter(pk__in=[row.id for row in some]).order_by()
        pixels = dict(stored.values_list("id", "pixels"))
        yield from ((row, bytes(pixels[row.id])) for row in some if row.id in pixels)


def fair_shares(rows: list[Row], of: Callable[[Row], Hashable]) -> list[Row]:
    """The newest of each group, at most `FAIR` times what the middle group has; order is kept."""
    groups: dict[Hashable, list[Row]] = defaultdict(list)
    for row in rows:
        groups[of(row)].append(row)
    if not groups:
        return rows
    most = max(ALWAYS, int(FAIR * median(len(group) for group in groups.values())))
    kept = {row.id for group in groups.values() for row in group[-most:]}
    return [row for row in rows if row.id in kept]


def labels_of(rows: Sequence[Row]) -> tuple[Pixels, Pixels]:
    """Pixels (n, 28, 28) and labels (n,) of rows, both uint8, of which no second copy is made."""
    pixels, labels = np.empty((len(rows), 28 * 28), np.uint8), np.empty(len(rows), np.uint8)
    found = 0
    for row, drawing in drawn(rows):
        pixels[found], labels[found] = np.frombuffer(drawing, np.uint8), row.said
        found += 1
    return pixels[:found].reshape(-1, 28, 28), labels[:found]


def is_held_out(owner: UUID) -> bool:
    """Whether it is one of those who are judged with; the same ones each time."""
    return hashlib.sha256(owner.bytes).digest()[0] % HELD_OUT == 0


def direction(pixels: bytes) -> npt.NDArray[np.float32]:
    """The drawing as a vector of mean 0 and length 1: products are correlations."""
    vector = np.frombuffer(pixels, np.uint8).astype(np.float32)
    vector -= vector.mean()
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-6))
