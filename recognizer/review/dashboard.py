"""Figures for the dashboard. The queries read only indexes: there may be a million rows."""

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

from recognizer.models import Label, ModelVersion, Submission
from recognizer.review import queue
from recognizer.review.day_chart import day_chart
from recognizer.review.presenters import short_label

Row = TypeVar("Row", bound=tuple)
PredictionCounts = list[tuple[int, int, int | None, int]]

DAYS: Final = 28
CONFUSION_LIMIT: Final = 10  # rows of the table of confusions
CACHE_ROW_THRESHOLD: Final = 5_000  # counting fewer submissions is fast enough without a cache
CACHE_SECONDS: Final = 300
# The uncertainty of a prediction adds less than 1 to the review priority. A higher priority has
# another reason: a correction or a version that disagrees, or a flag.
CLOSER_LOOK_PRIORITY: Final = 1.0


@dataclass(frozen=True)
class Day:
    """Count one day's submissions, those with a correction, and corrections that disagree."""

    day: date
    submitted: int
    answered: int
    disagreed: int


@dataclass(frozen=True)
class VersionShare:
    """Count one version's submissions, those with a correction, and corrections that disagree."""

    number: int
    submitted: int
    answered: int
    disagreed: int

    @property
    def share(self) -> float:
        """Return the share of all submissions whose correction disagrees, from 0 to 1."""
        return self.disagreed / self.submitted

    @property
    def percent(self) -> str:
        return f"{self.share:.1%}"


@dataclass(frozen=True)
class Confusion:
    """Count how often visitors corrected one prediction to one label."""

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
    last_days = days()
    counts = cached_if_large("predictions", prediction_counts, count_column=3)
    needs_closer_look = Submission.objects.pending().filter(
        review_priority__gte=CLOSER_LOOK_PRIORITY
    )
    return {
        "days": last_days,
        "chart": day_chart([(row.day, row.submitted, row.disagreed) for row in last_days]),
        "versions": version_shares(counts),
        "confusions": confusions(counts),
        "waiting": queue.count_waiting(),
        "needs_closer_look": queue.bounded_count(needs_closer_look),
        "snoozed": queue.count_snoozed(),
        "count_limit": queue.COUNT_LIMIT,
    }


def days() -> list[Day]:
    """Return the last four weeks, oldest day first, including days without submissions."""
    midnight = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    first = midnight - timedelta(days=DAYS - 1)
    counted = cached_if_large("days", lambda: _counts_by_day(first), count_column=1)
    by_day = {date.fromisoformat(day): counts for day, *counts in counted}
    every_day = [(first + timedelta(days=i)).date() for i in range(DAYS)]
    rows = [(day, *by_day.get(day, (0, 0, 0))) for day in every_day]
    return [
        Day(day, submitted, answered, disagreed=answered - agreed)
        for day, submitted, answered, agreed in rows
    ]


def _counts_by_day(first: datetime) -> list[tuple[str, int, int, int]]:
    """Return rows of (day, submitted, answered, agreed)."""
    return list(
        Submission.objects.filter(created__gte=first)
        .order_by()
        # The day is cut from the timestamp's text, in UTC. TruncDate would call a Python function
        # for each row on SQLite.
        .annotate(day=Substr(Cast("created", CharField()), 1, 10))
        .values_list("day")
        .annotate(
            submitted=Count("pk"),
            answered=Count("corrected_digit"),
            agreed=Count("pk", filter=Q(corrected_digit=F("predicted_digit"))),
        )
    )


def cached_if_large(name: str, count: Callable[[], list[Row]], count_column: int) -> list[Row]:
    """Return `count()`, from the cache if it counted many submissions some minutes ago.

    `count_column` is the position of the number of submissions in a row.
    """
    key = f"dashboard:{name}"
    rows = cache.get(key)
    if rows is None:
        rows = count()
        if sum(row[count_column] for row in rows) >= CACHE_ROW_THRESHOLD:
            cache.set(key, rows, CACHE_SECONDS)
    return [tuple(row) for row in rows]  # type: ignore[misc]  # the cache returns lists


def prediction_counts() -> PredictionCounts:
    """Return rows of (version's key, predicted digit, corrected digit, count)."""
    groups = Submission.objects.order_by().values_list(
        "model_version", "predicted_digit", "corrected_digit"
    )
    return list(groups.annotate(count=Count("*")))


def version_shares(counts: PredictionCounts) -> list[VersionShare]:
    """Return the versions that have predicted submissions, newest first."""
    submitted, answered, disagreed = Counter[int](), Counter[int](), Counter[int]()
    for version, predicted, corrected, count in counts:
        submitted[version] += count
        if corrected is not None:
            answered[version] += count
            disagreed[version] += count * (corrected != predicted)
    numbers = ModelVersion.objects.filter(pk__in=submitted).values_list("pk", "number")
    return [
        VersionShare(number, submitted[pk], answered[pk], disagreed[pk])
        for pk, number in numbers.order_by("-number")
    ]


def confusions(counts: PredictionCounts) -> list[Confusion]:
    """Return the most frequent confusions of all versions."""
    totals = Counter[tuple[int, int]]()
    for _, predicted, corrected, count in counts:
        if corrected not in (None, predicted):
            totals[corrected, predicted] += count
    return [
        Confusion(Label(corrected), Label(predicted), count)
        for (corrected, predicted), count in totals.most_common(CONFUSION_LIMIT)
    ]
