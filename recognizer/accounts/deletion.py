"""Delete submissions, and report which model versions were trained on them."""

from typing import Any

from django.contrib.admin.models import DELETION
from django.db import transaction
from django.utils.translation import ngettext

from recognizer import audit
from recognizer.models import LedgerEntry, Submission, SubmissionQuerySet


def delete(
    submissions: SubmissionQuerySet, reason: str = "Deleted by the visitor", by: Any = None
) -> list[int]:
    """Delete the submissions. Return the numbers of the versions that were trained on any of them.

    The numbers come from the training ledger, so they include rejected versions. The audit trail
    records the reason and how many submissions were deleted, but not whose. The entry belongs to
    the user `by`, or to the account that all visitors share.
    """
    with transaction.atomic():
        submissions.lock()  # Otherwise, a training run could end between the next two statements.
        numbers = LedgerEntry.objects.of_submissions(submissions).version_numbers()
        _, counts = submissions.delete()
        _record(by, reason, counts.get(Submission._meta.label, 0), numbers)
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


def _record(by: Any, reason: str, count: int, version_numbers: list[int]) -> None:
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
