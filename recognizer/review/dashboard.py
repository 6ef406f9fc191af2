"""Figures for the dashboard. The counts by day and by prediction leave out imported drawings.

There may be a million submissions. So the counts by day and by prediction read only covering
indexes, and the counts of the queue stop at a limit.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, TypeVar

from django.core.cache import cache
from django.db.models import CharField, Count, F, Q
from django.db.models.functions import Cast, Substr
from django.urls import reverse
from django.utils import timezone

from recognizer.models import LAST_ROUND, Label, ModelVersion, Submission, SubmissionQuerySet
from recognizer.review import doubtful_labels, queue
from recognizer.review.day_chart import day_chart
from recognizer.review.presenters import short_label

Row = TypeVar("Row", bound=tuple)
PredictionCounts = list[tuple[int, int, int | None, int]]

DAYS: Final = 28
CONFUSION_LIMIT: Final = 10  # rows of the table of confusions
CACHE_THRESHOLD: Final = 5_000  # submissions; counting fewer is fast without a cache
CACHE_SECONDS: Final = 300
# A low confidence alone gives a review priority below 1. A priority of 1 or more means that a
# correction or another version disagrees with the prediction, or that the submission is flagged.
CLOSER_LOOK_PRIORITY: Final = 1.0


@dataclass(frozen=True)
class Day:
    """One day's counts: submissions, those with a correction, and those that disagree.

    A confirmation is a correction that agrees with the prediction.
    """

    day: date
    submitted: int
    corrected: int
    disagreed: int


@dataclass(frozen=True)
class VersionStats:
    """One version's counts, like those of `Day`, and its disagreement rate."""

    pk: int
    number: int
    submitted: int
    corrected: int
    disagreed: int

    @property
    def disagreement_rate(self) -> float:
        """Return the fraction of all submissions whose correction disagrees, from 0 to 1."""
        return self.disagreed / self.submitted

    @property
    def percent(self) -> float:
        return 100 * self.disagreement_rate


@dataclass(frozen=True)
class Confusion:
    """How often visitors corrected one predicted label to another."""

    corrected: Label
    predicted: Label
    count: int

    @property
    def url(self) -> str:
        """Return the URL of the admin's list of these submissions."""
        query = f"corrected_digit__exact={self.corrected}&predicted_digit__exact={self.predicted}"
        return f"{reverse('admin:recognizer_submission_changelist')}?{query}"

    @property
    def names(self) -> tuple[str, str]:
        return short_label(self.corrected), short_label(self.predicted)


def dashboard() -> dict[str, Any]:
    """Return the context of the dashboard page."""
    days = daily_counts()
    counts = cached_if_large("predictions", prediction_counts)
    return {
        "days": days,
        "chart": day_chart([(row.day, row.submitted, row.disagreed) for row in days]),
        "versions": version_stats(counts),
        "confusions": confusions(counts),
        "waiting": queue.count_pending(),
        "needs_closer_look": queue.bounded_count(needs_closer_look()),
        "doubtful_labels": doubtful_labels.count(),
        "snoozed": queue.count_snoozed(),
        "count_limit": queue.COUNT_LIMIT,
    }


def needs_closer_look() -> SubmissionQuerySet:
    """Return the pending submissions that are flagged, or whose prediction is disputed."""
    # Because the condition lists all rounds, the database can use the index of the queue.
    return Submission.objects.pending().filter(
        review_round__in=range(LAST_ROUND + 1), review_priority__gte=CLOSER_LOOK_PRIORITY
    )


def daily_counts() -> list[Day]:
    """Return the counts of the last four weeks, oldest day first, with zeros for empty days."""
    midnight = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    first = midnight - timedelta(days=DAYS - 1)
    counted = cached_if_large("days", lambda: _counts_by_day(first))
    by_day = {date.fromisoformat(day): counts for day, *counts in counted}
    every_day = [(first + timedelta(days=i)).date() for i in range(DAYS)]
    rows = [(day, *by_day.get(day, (0, 0, 0))) for day in every_day]
    return [
        Day(day, submitted, corrected, disagreed=corrected - agreed)
        for day, submitted, corrected, agreed in rows
    ]


def _counts_by_day(first: datetime) -> list[tuple[str, int, int, int]]:
    """Return rows of (day, submitted, corrected, agreed)."""
    return list(
        Submission.objects.of_visitors()
        .filter(created__gte=first)
        .order_by()
        # Take the UTC day from the text of the timestamp. TruncDate would be slow on SQLite,
        # where it calls a Python function for each row.
        .annotate(day=Substr(Cast("created", CharField()), 1, 10))
        .values_list("day")
        .annotate(
            submitted=Count("pk"),
            corrected=Count("corrected_digit"),
            agreed=Count("pk", filter=Q(corrected_digit=F("predicted_digit"))),
        )
    )


def cached_if_large(name: str, count: Callable[[], list[Row]]) -> list[Row]:
    """Return `count()`. Cache the result for five minutes if there are many submissions."""
    key = f"dashboard:{name}"
    rows = cache.get(key)
    if rows is None:
        rows = count()
        if queue.bounded_count(Submission.objects.all(), CACHE_THRESHOLD) == CACHE_THRESHOLD:
            cache.set(key, rows, CACHE_SECONDS)
    # The SQLite cache stores JSON, which has no tuples, so cached rows are lists.
    return [tuple(row) for row in rows]  # type: ignore[misc]


def prediction_counts() -> PredictionCounts:
    """Return rows of (primary key of the version, predicted digit, corrected digit, count)."""
    groups = (
        Submission.objects.of_visitors()
        .order_by()
        .values_list("model_version", "predicted_digit", "corrected_digit")
    )
    return list(groups.annotate(count=Count("*")))


def version_stats(counts: PredictionCounts) -> list[VersionStats]:
    """Return the counts of all versions with at least one submission, newest version first."""
    submitted, corrected, disagreed = Counter[int](), Counter[int](), Counter[int]()
    for version, predicted_digit, corrected_digit, count in counts:
        submitted[version] += count
        if corrected_digit is not None:
            corrected[version] += count
            disagreed[version] += count * (corrected_digit != predicted_digit)
    numbers = ModelVersion.objects.filter(pk__in=submitted).values_list("pk", "number")
    return [
        VersionStats(pk, number, submitted[pk], corrected[pk], disagreed[pk])
        for pk, number in numbers.order_by("-number")
    ]


def confusions(counts: PredictionCounts) -> list[Confusion]:
    """Return the most frequent confusions over all versions, most frequent first."""
    totals = Counter[tuple[int, int]]()
    for _, predicted, corrected, count in counts:
        if corrected not in (None, predicted):
            totals[corrected, predicted] += count
    return [
        Confusion(Label(corrected), Label(predicted), count)
        for (corrected, predicted), count in totals.most_common(CONFUSION_LIMIT)
    ]
