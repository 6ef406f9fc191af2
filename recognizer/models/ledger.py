"""The training ledger: which drawings each version was trained on, and with which labels."""

import hashlib
import uuid
from collections.abc import Collection
from typing import Final, Self

from django.db import models
from django.db.models import Count, F

from recognizer.models.choices import Label
from recognizer.models.model_version import ModelVersion, VersionState

# Only versions that went live count as having learned something.
WENT_LIVE: Final = (VersionState.LIVE, VersionState.RETIRED)


def pseudonym(owner: uuid.UUID) -> uuid.UUID:
    """Return the name of an owner in the ledger.

    The id of an anonymous owner is random, so it cannot be computed from the pseudonym.
    """
    digest = hashlib.sha256(b"digitsite training ledger " + owner.bytes).digest()
    return uuid.UUID(bytes=digest[:16])


class LedgerQuerySet(models.QuerySet["LedgerEntry"]):
    def went_live(self) -> Self:
        """Return the entries of the versions that are or were live."""
        return self.filter(version__state__in=WENT_LIVE)

    def of_submissions(self, submissions: Collection[uuid.UUID] | models.QuerySet) -> Self:
        """Return the entries of these submissions, given by their ids or as a queryset."""
        if isinstance(submissions, models.QuerySet):
            submissions = submissions.order_by().values("pk")
        return self.filter(submission__in=submissions)

    def version_numbers(self) -> list[int]:
        """Return the numbers of the versions with any of these entries, in ascending order."""
        numbers = self.order_by("version__number").values_list("version__number", flat=True)
        return list(numbers.distinct())

    def forget(self) -> None:
        """Delete the entries, and keep only their number for each version and pseudonym."""
        # Sorted, so that simultaneous deletions lock the counts in the same order.
        groups = self.order_by("version_id", "owner").values_list("version", "owner")
        for version, owner, count in list(groups.annotate(count=Count("pk"))):
            DeletedEntryCount.add(version, owner, count)
        self.delete()


class LedgerEntry(models.Model):
    """One drawing that a version was trained on, with the label that the training used.

    Only the owner of an entry can change, when a visitor logs in. Entries are deleted together with
    their drawing.
    """

    version = models.ForeignKey(
        ModelVersion, models.CASCADE, related_name="ledger_entries", db_index=False
    )
    submission = models.ForeignKey(
        "Submission", models.CASCADE, related_name="ledger_entries", db_index=False
    )
    label = models.PositiveSmallIntegerField(choices=Label)
    confirmed = models.BooleanField(
        default=False, help_text="a reviewer had confirmed the label, although it was doubtful"
    )
    owner = models.UUIDField(db_index=True, help_text="pseudonym of the owner")

    objects = LedgerQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "ledger entries"
        constraints = (
            models.UniqueConstraint(
                fields=("submission", "version"), name="one_entry_per_drawing_and_version"
            ),
        )
        indexes = (models.Index(fields=("version", "submission"), name="ledger_by_version"),)

    def __str__(self) -> str:
        return f"{self.submission_id} as {Label(self.label).label}"


class DeletedEntryCount(models.Model):
    """The number of deleted drawings that a version was trained on, for each owner's pseudonym.

    The pseudonym still tells that the owner must not be part of an evaluation set.
    """

    version = models.ForeignKey(
        ModelVersion, models.CASCADE, related_name="deleted_entry_counts", db_index=False
    )
    owner = models.UUIDField(db_index=True)
    count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("version", "owner"), name="one_count_per_version_and_owner"
            ),
        )

    def __str__(self) -> str:
        return f"{self.count} deleted drawings"

    @classmethod
    def add(cls, version_pk: int, owner: uuid.UUID, count: int) -> None:
        """Add `count` to the number of deleted drawings of a version and an owner."""
        row, _ = cls.objects.get_or_create(version_id=version_pk, owner=owner)
        cls.objects.filter(pk=row.pk).update(count=F("count") + count)


def change_ledger_owner(old: uuid.UUID, new: uuid.UUID) -> None:
    """Give the entries and counts of the owner `old` to the owner `new`."""
    before, after = pseudonym(old), pseudonym(new)
    LedgerEntry.objects.filter(owner=before).update(owner=after)
    for row in DeletedEntryCount.objects.filter(owner=before).select_for_update():
        DeletedEntryCount.add(row.version_id, after, row.count)
        row.delete()
