"""Delete submissions, and report which model versions were trained on them."""

import time
from collections.abc import Collection, Iterator
from typing import Any, Final

from django.contrib.admin.models import DELETION
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import ngettext

from recognizer import audit
from recognizer.models import LedgerEntry, Submission, SubmissionQuerySet

BY_VISITOR: Final = "Deleted by the visitor"
BATCH_SIZE: Final = 500  # rows; with more, other writers on SQLite would wait for too long
IN_LEDGER: Final = Exists(LedgerEntry.objects.filter(submission=OuterRef("pk")))


def delete_in_batches(
    submissions: SubmissionQuerySet, reason: str = BY_VISITOR, by: Any = None
) -> list[int]:
    """Delete the submissions as `delete` does, but many of them in several transactions.

    An interruption may leave some of the submissions. The last transaction deletes all that are in
    the training ledger, so a repetition after an interruption still returns all version numbers.
    """
    if submissions.count() > BATCH_SIZE:
        for batch in batches(submissions):
            with transaction.atomic():
                batch.lock()  # Otherwise, a training run could end before the next statement.
                _delete_and_record(batch.filter(~IN_LEDGER), reason, by)
        submissions = submissions.filter(IN_LEDGER)
    return delete(submissions, reason, by)


def batches(submissions: SubmissionQuerySet) -> Iterator[SubmissionQuerySet]:
    """Yield the submissions that are stored now in batches, with a pause between them.

    Delete each batch in a transaction of its own. Other writers then get in between.
    """
    # Neighbours in time are neighbours in the database file, so a transaction writes fewer pages.
    ids = list(submissions.order_by("created").values_list("pk", flat=True))
    pause = 0.0
    for start in range(0, len(ids), BATCH_SIZE):
        # A writer that waits for SQLite tries again only every few milliseconds, later every 100,
        # and would miss a short pause. With this one, other writers get half of the time.
        time.sleep(pause)
        started = time.monotonic()
        # The conditions still apply: a login may have given submissions to another owner.
        yield submissions.filter(pk__in=ids[start : start + BATCH_SIZE])
        pause = time.monotonic() - started


def delete(submissions: SubmissionQuerySet, reason: str = BY_VISITOR, by: Any = None) -> list[int]:
    """Delete the submissions. Return the numbers of the versions that were trained on any of them.

    The numbers come from the training ledger, so they include rejected versions. The audit trail
    records the reason and how many submissions were deleted, but not whose. The entry belongs to
    the user `by`, or to the account that all visitors share.
    """
    with transaction.atomic():
        submissions.lock()  # Otherwise, a training run could end between the next two statements.
        numbers = LedgerEntry.objects.of_submissions(submissions).version_numbers()
        _delete_and_record(submissions, reason, by, numbers)
    return numbers


def describe(version_numbers: list[int]) -> str:
    """Return a translated sentence that names the versions trained on the deleted data."""
    sentence = ngettext(
        "Deleted. Version %(numbers)s was trained on this and does not change. The next training "
        "run will not use it.",
        "Deleted. Versions %(numbers)s were trained on this and do not change. The next training "
        "run will not use it.",
        len(version_numbers),
    )
    return sentence % {"numbers": ", ".join(map(str, version_numbers))}


def _delete_and_record(
    submissions: SubmissionQuerySet, reason: str, by: Any, version_numbers: Collection[int] = ()
) -> None:
    _, counts = submissions.delete()
    count = counts.get(Submission._meta.label, 0)
    if not count:
        return
    message = f"{reason}: {count}."
    if version_numbers:
        versions = ", ".join(f"version {number}" for number in version_numbers)
        message += f" Trained on by {versions}."
    if by is None:
        audit.record_visitor_deletion(Submission, message)
    else:
        audit.record_for_model(by, Submission, DELETION, message)
