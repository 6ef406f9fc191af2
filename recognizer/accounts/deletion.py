"""Delete submissions, and report the model versions that were trained on them."""

from django.db import transaction
from django.utils.translation import ngettext

from recognizer import audit
from recognizer.models import ModelVersion, Submission, SubmissionQuerySet


def delete(submissions: SubmissionQuerySet) -> list[int]:
    """Delete the submissions; return the numbers of the versions that were trained on one of them.

    A version was also trained on a submission if one of its ancestors was. The audit trail keeps
    the number of deleted submissions, but not their owner.
    """
    with transaction.atomic():
        learned = submissions.filter(learned_in__isnull=False).order_by()
        first_versions = set(learned.values_list("learned_in", flat=True).distinct())
        versions = ModelVersion.objects.with_descendants(first_versions) if first_versions else []
        _, counts = submissions.delete()
        _record(counts.get(Submission._meta.label, 0), versions)
    return versions


def describe(versions: list[int]) -> str:
    """Return a translated sentence for the visitor who deleted training data of `versions`."""
    sentence = ngettext(
        "Deleted. Version %(numbers)s was trained on this and does not change. The next training "
        "run will not use it.",
        "Deleted. Versions %(numbers)s were trained on this and do not change. The next training "
        "run will not use it.",
        len(versions),
    )
    return sentence % {"numbers": ", ".join(map(str, versions))}


def _record(count: int, versions: list[int]) -> None:
    if not count:
        return
    message = f"Deleted by the visitor: {count}."
    if versions:
        message += f" Trained on by {', '.join(f'version {number}' for number in versions)}."
    audit.record_visitor_deletion(Submission, message)
