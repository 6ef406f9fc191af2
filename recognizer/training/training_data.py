"""Select the labelled submissions for training, and those that are held out for evaluation.

Duplicates count once, and the number of drawings per owner, per label and per confusion is capped,
so that a single owner or a group of owners has little influence.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final
from uuid import UUID

import numpy as np

from ml.arrays import IMAGE_SIDE, Images, Labels, Mask
from ml.data.mnist_evaluation import digest, digests_of, is_evaluation_digest
from recognizer.models import LedgerEntry, Submission
from recognizer.models.batches import batched
from recognizer.serving.stored_pixels import to_array
from recognizer.training.caps import CappedConfusion, cap_confusions, cap_per_group
from recognizer.training.duplicates import Digests, deduplicate, with_pixels
from recognizer.training.owner_split import split_by_owner
from recognizer.training.rows import Row

COUNT_LIMIT: Final = 10_000  # drawings; comparing more of them takes too long for a page


@dataclass(frozen=True)
class TrainingSelection:
    """The rows to train on and the held-out rows, both oldest first, without their pixels.

    The pixels of a million drawings would need too much memory. `left_out_counts` maps a reason to
    the number of rows that are in neither list for that reason.
    """

    training: list[Row]
    held_out: list[Row]
    left_out_counts: dict[str, int]
    capped_confusions: list[CappedConfusion]

    @property
    def doubtful_ids(self) -> set[UUID]:
        """Return the ids of the drawings of all confusions that are too frequent."""
        return {row.id for confusion in self.capped_confusions for row in confusion.rows}

    @cached_property
    def new_count(self) -> int:
        """Return the number of `training` rows with a label that the site has not learned yet.

        A label is learned once a version that was trained with it goes live. After the label has
        changed, it must be learned again.
        """
        return count_new(self.training)

    @cached_property
    def sha256(self) -> str:
        """Return the `training_set_sha256` of the `training` rows."""
        return training_set_sha256(map(_identify, self.training))

    @property
    def labelled_count(self) -> int:
        """Return the number of labelled rows, also of those that are left out."""
        return len(self.training) + len(self.held_out) + sum(self.left_out_counts.values())

    @property
    def counts(self) -> dict[str, int]:
        """Return the number of training, new, held-out and left-out rows.

        The new rows are part of the training rows. `held_out_owners` is a number of owners.
        """
        return {
            "training": len(self.training),
            "new": self.new_count,
            "held_out": len(self.held_out),
            "held_out_owners": len({row.owner for row in self.held_out}),
            **self.left_out_counts,
        }


@dataclass(frozen=True)
class Drawings:
    """The pixels, (n, 28, 28) uint8, and the labels, (n,) uint8, of n rows."""

    rows: list[Row]
    pixels: Images
    labels: Labels

    @property
    def sha256(self) -> str:
        """Return the `training_set_sha256` of the rows."""
        return training_set_sha256(map(_identify, self.rows))

    def only(self, chosen: Mask) -> "Drawings":
        """Return the rows for which the mask `chosen`, (n,) bool, is true."""
        rows = [row for row, is_chosen in zip(self.rows, chosen, strict=True) if is_chosen]
        return Drawings(rows, self.pixels[chosen], self.labels[chosen])


def training_set_sha256(drawings: Iterable[tuple[UUID, int, bool]]) -> str:
    """Return one SHA-256 of a training set, in the order of the training.

    Each drawing is (submission id, label, whether a reviewer has confirmed the label).
    """
    sha = hashlib.sha256()
    for pk, label, is_confirmed in drawings:
        sha.update(f"{pk} {label}{' confirmed' if is_confirmed else ''}\n".encode())
    return sha.hexdigest()


def _identify(row: Row) -> tuple[UUID, int, bool]:
    return row.id, row.effective_label, row.label_confirmed


def select(include_pending: bool) -> TrainingSelection:
    """Split all labelled submissions by owner, drop duplicates, and apply the caps.

    The rows of one owner are never in both lists, and neither are identical drawings. No version
    was ever trained on a drawing of a held-out owner, or on a stored drawing that is identical to a
    held-out one. MNIST's own held-out and test images are not in the training list, and neither are
    drawings that are identical to one of an imported test split.
    """
    rows = list(labelled_rows(include_pending))
    training, held_out, left_out_by_owner = split_by_owner(rows)
    unique_held_out, held_out_digests = deduplicate(held_out)
    unique, digests = _without_test_drawings(*deduplicate(training), rows)
    without_mnist = [row for row in unique if not is_evaluation_digest(digests[row.id])]
    capped = cap_per_group(without_mnist, lambda row: row.owner)
    by_confusion, confusions = cap_confusions(capped)
    by_label = cap_per_group(by_confusion, lambda row: row.effective_label)
    evaluation = _select_held_out(unique_held_out, held_out_digests, digests)
    left_out_counts = {
        "duplicates": len(training) - len(unique),
        "mnist_evaluation": len(unique) - len(without_mnist),
        "over_cap": len(without_mnist) - len(by_label),
        **left_out_by_owner,
        "held_out_unused": len(held_out) - len(evaluation),
    }
    return TrainingSelection(by_label, evaluation, left_out_counts, confusions)


def count_new(rows: Iterable[Row]) -> int:
    """Return the number of rows whose present label is not the one that was learned last.

    The label is compared with that in the newest version that went live and was trained on the row.
    If a reviewer has confirmed the label since, it is new as well, because a doubtful label has a
    low weight.
    """
    return sum(
        row.learned_label != row.effective_label
        or (row.label_confirmed and not row.learned_confirmed)
        for row in rows
    )


def is_mnist_evaluation_image(pixels: bytes) -> bool:
    """Return whether a model input is one of MNIST's own held-out or test images."""
    return is_evaluation_digest(digest(pixels))


def labelled_rows(include_pending: bool) -> Iterator[Row]:
    """Yield the labelled submissions, oldest first, without their pixels."""
    return (
        Submission.objects.labelled(include_pending)  # type: ignore[misc]  # has an annotation
        .with_learned_label()
        .order_by("created", "id")
        .values_list(
            "id",
            "owner",
            "effective_label",
            "review",
            "learned_label",
            "learned_confirmed",
            "for_evaluation",
            "label_confirmed",
            named=True,
        )
        .iterator()
    )


def selection_for_page() -> TrainingSelection | None:
    """Return `select()`, or None if more than `COUNT_LIMIT` submissions are approved."""
    approved = Submission.objects.labelled(include_pending=False).order_by()
    if approved[: COUNT_LIMIT + 1].count() > COUNT_LIMIT:
        return None
    return select(include_pending=False)


def load_drawings(rows: Sequence[Row]) -> Drawings:
    """Read the pixels of the rows. Rows that were deleted meanwhile are missing.

    The arrays are filled in place, so that a million drawings are in memory only once.
    """
    pixels = np.empty((len(rows), IMAGE_SIDE, IMAGE_SIDE), np.uint8)
    labels = np.empty(len(rows), np.uint8)
    found: list[Row] = []
    for row, drawing in with_pixels(rows):
        pixels[len(found)] = to_array(drawing)
        labels[len(found)] = row.effective_label
        found.append(row)
    return Drawings(found, pixels[: len(found)], labels[: len(found)])


def drop_mnist_images(
    held_out: Drawings, images: Images, on_message: Callable[[str], None]
) -> Drawings:
    """Return the held-out drawings that are none of MNIST's training images, (n, 28, 28) uint8.

    Somebody may have imported MNIST. Every version is trained on these images and predicts nearly
    all of them correctly, so they would hide that a candidate is worse.
    """
    if not held_out.rows:
        return held_out
    known = digests_of(images)
    is_new = np.array([digest(pixels.tobytes()) not in known for pixels in held_out.pixels], bool)
    if not is_new.all():
        on_message(f"{(~is_new).sum()} held-out drawings are left out: MNIST’s training images.")
    return held_out.only(is_new)


def _without_test_drawings(
    training: list[Row], digests: Digests, rows: list[Row]
) -> tuple[list[Row], Digests]:
    """Leave out the training rows that are identical to a drawing of an imported test split.

    `rows` are all labelled rows. Test drawings count even if they evaluate no version, for example
    because they are near duplicates. Return the other training rows and their digests.
    """
    test_rows = (row for row in rows if row.for_evaluation)
    tests = {digest(pixels) for _, pixels in with_pixels(test_rows)}
    kept = [row for row in training if digests[row.id] not in tests]
    return kept, {row.id: digests[row.id] for row in kept}


def _select_held_out(held_out: list[Row], digests: Digests, trained: Digests) -> list[Row]:
    """Return the held-out rows, capped per owner.

    Leave out drawings that are identical to one that a version is trained on now, or was trained on
    earlier. `digests` and `trained` are those of the held-out and of the training rows.
    """
    excluded = set(trained.values()) | _other_trained_digests(trained) if held_out else set()
    independent = [row for row in held_out if digests[row.id] not in excluded]
    return cap_per_group(independent, lambda row: row.owner)


def _other_trained_digests(known: Digests) -> set[int]:
    """Return the digests of stored drawings that a version was trained on, except the known ones.

    For example, the label was removed, or the drawing is now a near duplicate of an older one.
    """
    entries = LedgerEntry.objects.order_by().values_list("submission", flat=True).distinct()
    others = (pk for pk in entries.iterator() if pk not in known)
    found: set[int] = set()
    for batch in batched(others):
        rows = Submission.objects.filter(pk__in=batch).order_by()
        found |= {digest(bytes(pixels)) for pixels in rows.values_list("pixels", flat=True)}
    return found
