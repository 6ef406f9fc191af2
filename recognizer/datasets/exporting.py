"""From the approved submissions to a folder with a data set and its card."""

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
from types import ModuleType
from typing import Any, Final

from django.utils import timezone

from recognizer.corrections import is_held_out
from recognizer.datasets import DatasetError, Row, csv, idx, ndjson, npz, png
from recognizer.models import Answer, Review, Submission, SubmissionQuerySet

FORMATS: Final[dict[str, ModuleType]] = {
    "npz": npz, "idx": idx, "csv": csv, "png": png, "ndjson": ndjson
}  # fmt: skip
CARD: Final = "card.json"
AT_ONCE: Final = 1000
ABOUT: Final = {
    "what": "Handwritten digits that visitors of a digitsite drew and reviewers approved.",
    "pixels": "28×28 bytes, ink bright: MNIST's normalization, exactly what the network saw.",
    "label": "What the reviewer accepted: 0 to 9; 10, in NDJSON and PNG null, is “not a digit”.",
    "parts": "test: one person in five, the same ones at each export; nobody is in both parts.",
    "privacy": "Neither names nor addresses. NDJSON's “writer” groups one person's drawings; the "
    "same person has another one in each export.",
}


@dataclass(frozen=True)
class Choice:
    """Which of the approved ones; None does not restrict."""

    labels: list[Answer]
    since: datetime | None = None
    until: datetime | None = None
    version: int | None = None

    def rows(self) -> SubmissionQuerySet:
        found = Submission.objects.filter(review=Review.APPROVED, label__in=self.labels)
        if self.since is not None:
            found = found.filter(created__gte=self.since)
        if self.until is not None:
            found = found.filter(created__lt=self.until)
        if self.version is not None:
            found = found.filter(model_version__number=self.version)
        return found.order_by("created", "id")


def export(format_name: str, folder: Path, choice: Choice) -> dict[str, Any]:
    """Write a new folder, all or nothing; returns the card. Raises `DatasetError`."""
    if folder.exists():
        raise DatasetError(f"{folder} is there already: name a new folder.")
    counts: Counter[tuple[bool, int]] = Counter()
    partial = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        with FORMATS[format_name].Writer(partial) as writer:
            for row in _rows(choice, whole=format_name == "ndjson"):
                writer.write(row)
                counts[row.test, row.label] += 1
        card = _card(format_name, choice, counts, partial)
        (partial / CARD).write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n")
        partial.chmod(0o755)
        os.rename(partial, folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return card


def _rows(choice: Choice, whole: bool) -> Iterator[Row]:
    salt = secrets.token_bytes(16)
    names = ["id", "created", "owner", "pixels", "label", *(("image", "strokes") if whole else ())]
    found = choice.rows().values_list(*names, named=True)
    for row in found.iterator(chunk_size=AT_ONCE):
        yield Row(
            pixels=bytes(row.pixels),
            label=row.label,
            test=is_held_out(row.owner),
            id=row.id,
            created=row.created,
            writer=hashlib.sha256(salt + row.owner.bytes).hexdigest()[:16],
            image=bytes(row.image) if whole else None,
            strokes=row.strokes if whole else None,
        )


def _card(
    format_name: str, choice: Choice, counts: Counter[tuple[bool, int]], folder: Path
) -> dict[str, Any]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        **ABOUT,
        "format": format_name,
        "exported": timezone.now().isoformat(),
        "since": choice.since and choice.since.isoformat(),
        "until": choice.until and choice.until.isoformat(),
        "read_by_version": choice.version,
        "rows": {
            part: {Answer(n).label: counts[test, n] for n in choice.labels}
            for part, test in (("train", False), ("test", True))
        },
        "total": counts.total(),
        "sha256": {path.relative_to(folder).as_posix(): _sha256(path) for path in files},
    }


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
