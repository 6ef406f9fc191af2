"""Export approved submissions as a dataset, with a card that describes it."""

import hashlib
import json
import os
import secrets
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from django.contrib.admin.models import CHANGE
from django.db.models import F
from django.utils import timezone

from recognizer import audit
from recognizer.datasets import SPLITS, DatasetError, Row, Split
from recognizer.datasets.formats import FORMATS
from recognizer.models import Label, ModelVersion, Review, Submission, SubmissionQuerySet
from recognizer.training.owner_split import is_held_out

CARD: Final = "card.json"
# Rows fetched from the database at a time.
CHUNK_SIZE: Final = 1000
CARD_TEXT: Final = {
    "description": "Drawings from a digitsite, drawn by its visitors or imported, with the labels "
    "that reviewers approved.",
    "pixels": "28×28 bytes, 0 for paper, 255 for ink, normalized like MNIST. They are the input of "
    "the model.",
    "label": "The label that the reviewer approved or, in the training set of a version, the label "
    "of that training: 0 to 9, or 10 for “not a digit” (null in NDJSON and PNG).",
    "splits": "About one person in five is in the test split, in every export. Drawings that were "
    "imported from a test split are in the test split, too. The training set of a version has no "
    "test split. A visitor without an account counts as one person per browser.",
    "privacy": "The dataset contains no names and no addresses. In NDJSON, all drawings of one "
    "person have the same “writer”, which is different in each export.",
}


@dataclass(frozen=True)
class ExportSelection:
    """The criteria of an export. None means no restriction.

    By default, the approved submissions are exported with their current labels. With `learned_by`,
    the training set of that version is exported, with the labels that it was trained with.
    """

    labels: list[Label]
    since: datetime | None = None
    until: datetime | None = None
    predicted_by: ModelVersion | None = None
    learned_by: ModelVersion | None = None

    def submissions(self) -> SubmissionQuerySet:
        """Return the selected submissions, oldest first, with the annotation `exported_label`."""
        if self.learned_by is not None:
            selected = Submission.objects.trained_on_by(self.learned_by, self.labels)
        else:
            approved = Submission.objects.filter(review=Review.APPROVED, label__in=self.labels)
            selected = approved.annotate(exported_label=F("label"))
        if self.since is not None:
            selected = selected.filter(created__gte=self.since)
        if self.until is not None:
            selected = selected.filter(created__lt=self.until)
        if self.predicted_by is not None:
            selected = selected.filter(model_version=self.predicted_by)
        return selected.order_by("created", "id")


def export(
    format_name: str, folder: Path, selection: ExportSelection, *, by: Any
) -> dict[str, Any]:
    """Write a dataset to a new folder. Return its card. The audit trail names `by`.

    After an error, the incomplete export is deleted. Raises `DatasetError` if the folder exists,
    and `OSError` if it cannot be written.
    """
    if folder.exists():
        raise DatasetError(f"{folder} already exists. Choose a new folder.")
    # The folder is renamed at the end, so that an incomplete export never has its final name.
    partial = _create_temporary(folder)
    try:
        counts = _write_rows(format_name, partial, selection)
        card = _build_card(format_name, selection, counts, partial)
        text = json.dumps(card, indent=2, ensure_ascii=False) + "\n"
        (partial / CARD).write_text(text, encoding="utf-8")
        partial.chmod(0o755)
        # The entry comes first, so that no complete export is without one.
        message = f"Exported {card['total']} drawings as {format_name}."
        audit.record_for_model(by, Submission, CHANGE, message)
        os.rename(partial, folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return card


def _create_temporary(folder: Path) -> Path:
    """Create a temporary folder next to `folder`. Raises `OSError` with the path of `folder`."""
    try:
        return Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    except OSError as error:  # It names the temporary path, which nobody knows.
        raise OSError(error.errno, error.strerror, str(folder)) from error


def _write_rows(
    format_name: str, folder: Path, selection: ExportSelection
) -> Counter[tuple[Split, int]]:
    """Write the rows. Return the number of rows per split and label."""
    counts: Counter[tuple[Split, int]] = Counter()
    with FORMATS[format_name].Writer(folder) as writer:
        for row in _iterate_rows(selection, with_image_and_strokes=format_name == "ndjson"):
            writer.write(row)
            counts[row.split, row.label] += 1
    return counts


def _iterate_rows(selection: ExportSelection, with_image_and_strokes: bool) -> Iterator[Row]:
    salt = secrets.token_bytes(16)
    extra = ("image", "strokes") if with_image_and_strokes else ()
    submissions = selection.submissions().values_list(
        "id", "created", "owner", "pixels", "exported_label", "for_evaluation", *extra, named=True
    )
    for submission in submissions.iterator(chunk_size=CHUNK_SIZE):
        yield Row(
            pixels=bytes(submission.pixels),
            label=submission.exported_label,
            split=_split_of(submission, selection),
            id=submission.id,
            created=submission.created,
            writer=hashlib.sha256(salt + submission.owner.bytes).hexdigest()[:16],
            image=bytes(submission.image) if with_image_and_strokes else None,
            strokes=submission.strokes if with_image_and_strokes else None,
        )


def _split_of(submission: Any, selection: ExportSelection) -> Split:
    if selection.learned_by is not None:
        return "train"
    is_test = submission.for_evaluation or is_held_out(submission.owner)
    return "test" if is_test else "train"


def _build_card(
    format_name: str,
    selection: ExportSelection,
    counts: Counter[tuple[Split, int]],
    folder: Path,
) -> dict[str, Any]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        **CARD_TEXT,
        "format": format_name,
        "exported": timezone.now().isoformat(),
        "since": selection.since and selection.since.isoformat(),
        "until": selection.until and selection.until.isoformat(),
        "predicted_by_version": selection.predicted_by and selection.predicted_by.number,
        "learned_by_version": selection.learned_by and selection.learned_by.number,
        "rows": {
            split: {Label(n).label: counts[split, n] for n in selection.labels} for split in SPLITS
        },
        "total": counts.total(),
        "sha256": {path.relative_to(folder).as_posix(): _sha256(path) for path in files},
    }


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
