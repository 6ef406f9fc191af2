"""The review queue. Reviewers claim submissions, so that two of them do not review the same one.

A claim hides a submission from other reviewers for `CLAIM_DURATION`. A skipped submission is
snoozed: `claimed_by` is None, and until `claimed_until`, no reviewer gets it unless they ask for
snoozed submissions. Blind reviews ignore claims. Times are stored and compared with the database's
clock, because the clocks of two hosts can differ.
"""

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from recognizer.models import Label, Submission, SubmissionQuerySet
from recognizer.serving import model_registry, stored_pixels

CLAIM_SIZE: Final = 20  # submissions per claim
OLDEST_PER_CLAIM: Final = 2  # of them; so each submission is reviewed at some time
BULK_SIZE: Final = 100  # submissions per claim for a bulk review
CLAIM_DURATION: Final = timedelta(minutes=5)  # The next claim by the same reviewer renews it.
SNOOZE_DURATION: Final = timedelta(hours=1)
REFRESH_SIZE: Final = 200  # predictions refreshed per claim
COUNT_LIMIT: Final = 1000  # Counting stops here, because counting a million rows is slow.


def claim(reviewer: Any, *, include_snoozed: bool = False) -> list[Submission]:
    """Claim submissions for the reviewer: the first ones in the queue, and the oldest ones.

    Submissions that the reviewer has claimed before can be among them. Snoozed submissions are only
    included on request.
    """
    claimable = _claimable(reviewer, include_snoozed=include_snoozed)
    with transaction.atomic():
        first = _lock(claimable.highest_priority_first(), CLAIM_SIZE - OLDEST_PER_CLAIM)
        oldest = _lock(claimable.exclude(pk__in=first).oldest_first(), OLDEST_PER_CLAIM)
        return for_cards(_claim([*first, *oldest], reviewer).highest_priority_first())


def claim_similar(reviewer: Any, suggested_label: Label) -> list[Submission]:
    """Claim submissions with one suggested label for a bulk review, lowest priority first."""
    claimable = _similar(reviewer, suggested_label).lowest_priority_first()
    with transaction.atomic():
        return for_cards(_claim(_lock(claimable, BULK_SIZE), reviewer).lowest_priority_first())


def count_similar(reviewer: Any) -> dict[Label, int]:
    """Count the submissions for a bulk review by this reviewer, up to `COUNT_LIMIT` per label."""
    return {label: bounded_count(_similar(reviewer, label)) for label in Label}


def _similar(reviewer: Any, suggested_label: Label) -> SubmissionQuerySet:
    """Return the claimable submissions with this label. Flagged submissions need the queue."""
    return _claimable(reviewer).filter(suggested_label=suggested_label, flagged=False)


def _claimable(reviewer: Any, *, include_snoozed: bool = False) -> SubmissionQuerySet:
    is_free = Q(claimed_until=None) | Q(claimed_until__lt=Now()) | Q(claimed_by=reviewer)
    if include_snoozed:
        is_free |= Q(claimed_by=None)
    return Submission.objects.pending().filter(is_free)


def _lock(claimable: SubmissionQuerySet, size: int) -> list[UUID]:
    """Lock the first `size` submissions and return their ids.

    Simultaneous claims get different submissions. On PostgreSQL, each claim skips rows that another
    one has locked. SQLite runs one write transaction at a time.
    """
    unlocked = claimable.select_for_update(skip_locked=True)
    return list(unlocked.values_list("pk", flat=True)[:size])


def _claim(ids: list[UUID], reviewer: Any) -> SubmissionQuerySet:
    """Claim the submissions and return them, without an order."""
    claimed = Submission.objects.filter(pk__in=ids)
    claimed.update(claimed_by=reviewer, claimed_until=Now() + CLAIM_DURATION)
    return claimed


def for_cards(submissions: SubmissionQuerySet) -> list[Submission]:
    """Load the submissions with everything that their cards show."""
    rows = submissions.select_related("model_version", "live_prediction_version")
    deferred = ("image", "strokes", "model_version__card", "live_prediction_version__card")
    return list(rows.defer(*deferred))


def count_pending() -> int:
    """Count the pending submissions, up to `COUNT_LIMIT`."""
    return bounded_count(Submission.objects.pending())


def count_claimed_by_others(reviewer: Any) -> int:
    """Count the submissions that other reviewers have claimed, up to `COUNT_LIMIT`."""
    claimed = Submission.objects.filter(claimed_until__gt=Now())
    return bounded_count(claimed.pending().exclude(claimed_by=None).exclude(claimed_by=reviewer))


def count_snoozed() -> int:
    """Count the snoozed submissions, up to `COUNT_LIMIT`."""
    unavailable = Submission.objects.filter(claimed_until__gt=Now())
    return bounded_count(unavailable.pending().filter(claimed_by=None))


def bounded_count(submissions: SubmissionQuerySet, limit: int | None = None) -> int:
    """Count the submissions, but stop at `limit`. The default is `COUNT_LIMIT`."""
    return submissions.order_by()[: limit or COUNT_LIMIT].count()


def reclaim(submission: Submission, reviewer: Any) -> None:
    """Claim this submission for the reviewer again, unless another reviewer has claimed it."""
    claimable = _claimable(reviewer, include_snoozed=True).filter(pk=submission.pk)
    claimable.update(claimed_by=reviewer, claimed_until=Now() + CLAIM_DURATION)


def snooze(submission: Submission, reviewer: Any) -> None:
    """Snooze this submission for `SNOOZE_DURATION`.

    Do nothing if another reviewer has claimed it.
    """
    claimable = _claimable(reviewer).filter(pk=submission.pk)
    claimable.update(claimed_by=None, claimed_until=Now() + SNOOZE_DURATION)


def refresh_predictions() -> None:
    """Predict some pending submissions again with the live version.

    A submission gets a higher review priority if its new prediction differs from the original one.
    """
    try:
        live = model_registry.loaded_version()
    except model_registry.CorruptModelError:
        # The registry has logged the error. Reviewing also works without new predictions.
        return
    submissions: list[Submission] = []
    for outdated in predicted_by_other_versions(live.pk):
        submissions += outdated.only("pixels")[: REFRESH_SIZE - len(submissions)]
    for submission in submissions:
        submission.live_prediction = stored_pixels.repredict(
            submission.pixels, live.recognizer
        ).label
        submission.live_prediction_version_id = live.pk
    if not submissions:
        return
    with transaction.atomic():
        Submission.objects.filter(pk__in=[row.pk for row in submissions]).lock()
        Submission.objects.bulk_update(submissions, ["live_prediction", "live_prediction_version"])


def predicted_by_other_versions(live_pk: int) -> tuple[SubmissionQuerySet, ...]:
    """Return the pending submissions that the version `live_pk` has not predicted.

    They were last predicted by an older version, by a newer one (after a rollback), or by none
    (imported with an earlier release). Each of the three queries is a range of an index.
    """
    pending = Submission.objects.pending().order_by("live_prediction_version_id")
    return (
        pending.filter(live_prediction_version__lt=live_pk),
        pending.filter(live_prediction_version__gt=live_pk),
        pending.filter(live_prediction_version=None),
    )
