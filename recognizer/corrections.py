"""Which labels a training learns from, and which it is only judged with.

Nobody decides alone what the network learns: the same drawing counts once, and neither one person
nor one label may outweigh all others.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
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

Row = Any  # of Submission.objects.values_list(..., named=True); "said" is annotated


@dataclass(frozen=True)
class Corrections:
    """Rows of approved submissions; `left_out` says why some are not learned, and how many."""

    learned: list[Row]
    held_out: list[Row]
    left_out: dict[str, int]

    @property
    def new_ids(self) -> list[UUID]:
        """Those of `learned` that no live version has learned yet."""
        return [row.id for row in self.learned if row.learned_in is None]

    @property
    def sha256(self) -> str:
        """Over ids and labels of what is trained on."""
        text = "".join(f"{row.id} {row.said}\n" for row in self.learned)
        return hashlib.sha256(text.encode()).hexdigest()

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
        .values_list("id", "owner", "said", "review", "pixels", "learned_in", named=True)
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


def without_copies(rows: list[Row]) -> list[Row]:
    """The first of each drawing: not the same pixels again, nor one person's near copies."""
    seen: set[tuple[bytes, int]] = set()
    earlier: dict[Hashable, list[npt.NDArray[np.float32]]] = defaultdict(list)
    kept = []
    for row in rows:
        pixels = bytes(row.pixels)
        drawing = direction(pixels)
        others = earlier[row.owner, row.said]
        if (pixels, row.said) in seen or (others and max(np.stack(others) @ drawing) > ALIKE):
            continue
        seen.add((pixels, row.said))
        others.append(drawing)
        kept.append(row)
    return kept


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


def labels_of(rows: Iterable[Row]) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Pixels (n, 28, 28) and labels (n,) of rows, both uint8."""
    rows = list(rows)
    pixels = np.frombuffer(b"".join(bytes(row.pixels) for row in rows), np.uint8)
    return pixels.reshape(-1, 28, 28), np.array([row.said for row in rows], np.uint8)


def is_held_out(owner: UUID) -> bool:
    """Whether it is one of those who are judged with; the same ones each time."""
    return hashlib.sha256(owner.bytes).digest()[0] % HELD_OUT == 0


def direction(pixels: bytes) -> npt.NDArray[np.float32]:
    """The drawing as a vector of mean 0 and length 1: products are correlations."""
    vector = np.frombuffer(pixels, np.uint8).astype(np.float32)
    vector -= vector.mean()
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-6))
