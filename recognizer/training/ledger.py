"""Write the training ledger, and rebuild a version's training set from it."""

from collections import Counter
from collections.abc import Iterator
from typing import Final
from uuid import UUID

from django.db import connection

from recognizer.models import DeletedEntryCount, LedgerEntry, ModelVersion, Submission, pseudonym
from recognizer.models.batches import batched
from recognizer.training.rows import Row
from recognizer.training.training_data import training_set_sha256

INSERT: Final = (
    "INSERT INTO recognizer_ledgerentry (version_id, submission_id, label, confirmed, owner) "
    "VALUES (%s, %s, %s, %s, %s)"
)


def record(version: ModelVersion, rows: list[Row]) -> None:
    """Store that `version` was trained on these rows with their effective labels.

    Call this in the transaction that stores the version. Rows that were deleted during the training
    are only counted.
    """
    deleted = Counter[UUID]()
    # The order of the ids prevents deadlocks with `SubmissionQuerySet.delete`.
    for batch in batched(sorted(rows, key=lambda row: row.id)):
        # The visitor may have logged in during the training, which changes the owner.
        owners = _lock_existing([row.id for row in batch])
        _insert(version, [row for row in batch if row.id in owners], owners)
        deleted.update(pseudonym(row.owner) for row in batch if row.id not in owners)
    for owner, count in deleted.items():
        DeletedEntryCount.add(version.pk, owner, count)


def training_set(version: ModelVersion) -> Iterator[tuple[UUID, int, bool]]:
    """Yield the drawings of a version, in the order of the training.

    Each is (submission id, label, whether a reviewer had confirmed the label).
    """
    entries = version.ledger_entries.order_by("submission__created", "submission")
    return entries.values_list("submission", "label", "confirmed").iterator()


def check(version: ModelVersion) -> str:
    """Return whether the ledger holds the complete training set of a version, as a sentence.

    The SHA-256 of the training set on the card proves that it is complete.
    """
    deleted = sum(row.count for row in version.deleted_entry_counts.all())
    stored, total = version.ledger_entries.count(), version.drawing_count
    if stored + deleted != total:
        return f"the training ledger holds {stored} of its {total} drawings; {deleted} were deleted"
    if deleted:
        return f"{deleted} of its {total} training drawings were deleted"
    if (
        training_set_sha256(training_set(version))
        != version.card["trained_on"]["corrections_sha256"]
    ):
        return "the training ledger does not match the card"
    return "the training ledger is complete"


def _insert(version: ModelVersion, rows: list[Row], owners: dict[UUID, UUID]) -> None:
    """Insert one entry per row. For a million rows, `bulk_create` takes three times as long."""
    to_db = LedgerEntry._meta.get_field("owner").get_db_prep_value
    entries = [
        (
            version.pk,
            to_db(row.id, connection),
            row.effective_label,
            row.label_confirmed,
            to_db(pseudonym(owners[row.id]), connection),
        )
        for row in rows
    ]
    with connection.cursor() as cursor:
        cursor.executemany(INSERT, entries)


def _lock_existing(ids: list[UUID]) -> dict[UUID, UUID]:
    """Return {id: owner} of stored submissions.

    Until the transaction ends, they cannot be deleted and their owner cannot change.
    """
    submissions = Submission.objects.filter(pk__in=ids).order_by("pk").values_list("pk", "owner")
    if connection.vendor != "postgresql":
        # A transaction on SQLite excludes all other writers.
        return dict(submissions)
    # Django offers only stronger locks, which would also block reviews.
    sql, parameters = submissions.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(f"{sql} FOR KEY SHARE", parameters)
        return dict(cursor.fetchall())
