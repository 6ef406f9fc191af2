"""What its owner deletes is gone for good; which versions had learned from it is said."""

from django.db import transaction
from django.utils.translation import ngettext

from recognizer import audit
from recognizer.models import ModelVersion, Submission, SubmissionQuerySet


def delete(drawings: SubmissionQuerySet) -> list[int]:
    """Delete them; returns the numbers of the versions that had learned from one of them.

    What is left is a line in the audit trail, which says nothing of whose they were.
    """
    with transaction.atomic():
        learned = drawings.filter(learned_in__isnull=False).order_by()
        first = set(learned.values_list("learned_in", flat=True).distinct())
        versions = ModelVersion.objects.grown_from(first) if first else []
        _, by_kind = drawings.delete()
        if count := by_kind.get(Submission._meta.label):
            by = f" Learned by {_listed(versions)}." if versions else ""
            audit.note_of_visitor(Submission, f"Deleted by who drew them: {count}.{by}")
    return versions


def in_words(versions: list[int]) -> str:
    """For who has deleted what they had learned from."""
    sentence = ngettext(
        "Deleted for good. Version %(numbers)s had learned from this and stays as it is; the next "
        "training does without it.",
        "Deleted for good. Versions %(numbers)s had learned from this and stay as they are; the "
        "next training does without it.",
        len(versions),
    )
    return sentence % {"numbers": ", ".join(map(str, versions))}


def _listed(versions: list[int]) -> str:
    return ", ".join(f"version {number}" for number in versions)
