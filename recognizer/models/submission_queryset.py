"""The querysets of submissions, and the conditions that several of them share."""

import uuid
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Self

from django.db import connection, models, transaction
from django.db.models import Case, F, OuterRef, Q, Subquery, When
from django.db.models.functions import Coalesce

from recognizer.models.batches import batched
from recognizer.models.choices import Label, Review, Source
from recognizer.models.ledger import LedgerEntry
from recognizer.models.model_version import ModelVersion

if TYPE_CHECKING:
    from recognizer.models.submission import Submission  # noqa: F401  # used by mypy

# The statistics and the review use the network's own prediction. If the personal memory adjusted
# it, the visitor saw another one.
CORRECTION_DISAGREES: Final = Q(corrected_digit__isnull=False) & ~Q(
    corrected_digit=F("predicted_digit")
)
LIVE_PREDICTION_DIFFERS: Final = Q(live_prediction__isnull=False) & ~Q(
    live_prediction=F("predicted_digit")
)

# The review queue has rounds, so that no owner can flood it. An owner's first `ROUND_SIZE` pending
# submissions are in round 0, the same number in round 1, and twice as many in each later round.
ROUND_SIZE: Final = 30
LAST_ROUND: Final = 6
# An owner's memory holds this many of the owner's corrected drawings.
MEMORY_SIZE: Final = 250
# The values of the fields of a submission that no reviewer has claimed.
UNCLAIMED: Final[dict[str, None]] = {"claimed_by": None, "claimed_until": None}
# The values of the fields about label noise after the label or the review has changed.
UNCHECKED: Final[dict[str, Any]] = {"label_noise": None, "label_confirmed": False}


def round_after(count: int) -> int:
    """Return the round of an owner's next submission, after `count` pending ones."""
    return min((count // ROUND_SIZE).bit_length(), LAST_ROUND)


def _learned_values(order: str, field: str, **conditions: Any) -> Subquery:
    """Return an SQL expression: `field` of the first ledger entry of a version that went live."""
    entries = LedgerEntry.objects.went_live().filter(submission=OuterRef("pk"), **conditions)
    return Subquery(entries.order_by(order).values(field)[:1])


class SubmissionQuerySet(models.QuerySet["Submission"]):
    def owned_by(self, owner: uuid.UUID) -> Self:
        return self.filter(owner=owner)

    def corrected(self) -> Self:
        """Return the submissions with a correction, even if it confirms the prediction."""
        return self.filter(corrected_digit__isnull=False)

    def remembered(self, owner: uuid.UUID) -> Self:
        """Return the owner's newest corrected drawings, which adjust the owner's predictions.

        Rejected and forgotten drawings are not included. The annotation `effective_label` is the
        reviewer's label if there is one, otherwise the correction.
        """
        rows = self.owned_by(owner).corrected().filter(remembered=True)
        rows = rows.exclude(review=Review.REJECTED).order_by("-corrected_at", "-id")
        labelled = rows.annotate(effective_label=Coalesce("label", "corrected_digit"))
        return labelled[:MEMORY_SIZE]

    def forget(self) -> int:
        """Exclude the drawings from their owners' memories, and return their number."""
        with transaction.atomic():
            ids = self.filter(remembered=True).lock()
            return sum(
                self.model._base_manager.filter(pk__in=batch).update(remembered=False)
                for batch in batched(ids)
            )

    def of_visitors(self) -> Self:
        """Return the submissions that were not imported from a dataset."""
        return self.exclude(source=Source.IMPORT)

    def newest_reviews(self) -> Self:
        """Return the reviewed submissions of visitors, the newest review first."""
        return self.of_visitors().filter(reviewed_at__isnull=False).order_by("-reviewed_at")

    def pending(self) -> Self:
        return self.filter(review=Review.PENDING)

    def highest_priority_first(self) -> Self:
        """Sort by round, and within a round by the highest review priority."""
        return self.order_by("review_round", "-review_priority", "-id")

    def lowest_priority_first(self) -> Self:
        """Sort by round, and within a round by the lowest review priority."""
        return self.order_by("review_round", "review_priority", "id")

    def oldest_first(self) -> Self:
        return self.order_by("created", "id")

    def next_round(self, owner: uuid.UUID) -> int:
        """Return the round of the next submission of this owner."""
        # More than this many are in the last round, so it is enough to count up to this number.
        limit = ROUND_SIZE << (LAST_ROUND - 1)
        # By hand, because this runs for each drawing, and Django takes long to build the statement.
        sql = (
            f"SELECT COUNT(*) FROM (SELECT 1 FROM {self.model._meta.db_table} "
            "WHERE owner = %s AND review = %s LIMIT %s) AS pending"
        )
        prepared = models.UUIDField().get_db_prep_value(owner, connection)
        with connection.cursor() as cursor:
            cursor.execute(sql, [prepared, Review.PENDING, limit])
            return round_after(cursor.fetchone()[0])

    def disagreeing(self) -> Self:
        """Return the submissions whose correction differs from the prediction."""
        return self.filter(CORRECTION_DISAGREES)

    def agreeing(self) -> Self:
        """Return the submissions whose correction confirms the prediction."""
        return self.filter(corrected_digit=F("predicted_digit"))

    def with_corrections(self, corrected_at: Mapping[uuid.UUID, datetime | None]) -> Self:
        """Return the submissions with these ids whose correction still has the given time."""
        corrected = {pk: time for pk, time in corrected_at.items() if time is not None}
        # No two corrections have the same time, so the times need not be compared one by one.
        return self.filter(
            Q(pk__in=corrected, corrected_at__in=corrected.values())
            | Q(pk__in=corrected_at.keys() - corrected.keys(), corrected_at=None)
        )

    def labelled(self, include_pending: bool) -> Self:
        """Return the submissions that have a label to train on.

        Approved submissions have a label. With `include_pending`, also return the pending ones that
        have a correction. The annotation `effective_label` is the reviewer's label if there is one,
        otherwise the correction.
        """
        labelled = Q(review=Review.APPROVED)
        if include_pending:
            labelled |= Q(review=Review.PENDING, corrected_digit__isnull=False)
        return self.filter(labelled).annotate(effective_label=Coalesce("label", "corrected_digit"))

    def with_learned_label(self) -> Self:
        """Annotate `learned_label` and `learned_confirmed`.

        They are the values in the ledger of the newest version that went live and was trained on
        the submission.
        """
        return self.annotate(
            learned_label=_learned_values("-version__number", "label"),
            learned_confirmed=_learned_values("-version__number", "confirmed"),
        )

    def with_learned_in(self) -> Self:
        """Annotate `learned_in`, as in `Submission.learned_in`, so that it needs no more query."""
        current_label = Coalesce("label", "corrected_digit")
        first_version = _learned_values(
            "version__number",
            "version__number",
            label=Coalesce(OuterRef("label"), OuterRef("corrected_digit")),
        )
        return self.with_learned_label().annotate(
            learned_in=Case(When(learned_label=current_label, then=first_version))
        )

    def trained_on_by(self, version: ModelVersion, labels: list[Label]) -> Self:
        """Return the submissions that `version` was trained on with one of the labels.

        The annotation `exported_label` is the label of that training.
        """
        learned = self.filter(ledger_entries__version=version, ledger_entries__label__in=labels)
        return learned.annotate(exported_label=F("ledger_entries__label"))

    def lock(self) -> list[uuid.UUID]:
        """Lock the submissions until the transaction ends, and return their ids.

        A training run that ends meanwhile waits, and then does not add ledger entries for deleted
        submissions. All callers lock in the order of the ids, so that there are no deadlocks. An
        UPDATE of several rows locks them in any order. So lock them before, and update only rows
        with the returned ids.
        """
        locked = self.order_by("pk").select_for_update(of=("self",))
        return list(locked.values_list("pk", flat=True))

    def delete(self) -> tuple[int, dict[str, int]]:
        """Delete the submissions and their ledger entries. Only their number remains."""
        total = Counter[str]()
        with transaction.atomic():
            for batch in batched(self.lock()):
                LedgerEntry.objects.of_submissions(batch).forget()
                # Loading the images and strokes would take as long as deleting the rows.
                rows = self.model._base_manager.filter(pk__in=batch).only("pk")
                total.update(rows.delete()[1])
        return total.total(), dict(total)

    # As in Django's own method: a manager has no `delete`, and templates must not call it.
    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]

    def store_review_of_pending(
        self, review: Review, reviewer: Any, label: Label | None, at: datetime
    ) -> int:
        """Store the same review for each pending submission, and return their number."""
        return self.pending().update(
            review=review,
            label=label,
            reviewed_by=reviewer,
            reviewed_at=at,
            **UNCHECKED,
            **UNCLAIMED,
        )

    def reopen(self) -> int:
        """Make the submissions pending again, and return their number."""
        return self.update(
            review=Review.PENDING,
            label=None,
            reviewed_by=None,
            reviewed_at=None,
            **UNCHECKED,
            **UNCLAIMED,
        )
