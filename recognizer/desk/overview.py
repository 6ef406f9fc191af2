"""How it goes: what comes in, what is corrected, what waits. Counted from indexes alone."""

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

from recognizer.desk import queue
from recognizer.desk.cards import name
from recognizer.desk.chart import day_chart
from recognizer.models import Answer, ModelVersion, Submission

Row = TypeVar("Row", bound=tuple)

DAYS: Final = 28
WORST: Final = 10  # so many confusions are named
MANY_ROWS: Final = 5_000  # from which on what is counted is kept for some minutes
KEEP_SECONDS: Final = 300
WORTH_A_LOOK: Final = 1.0  # doubt, from which on there is more than the network's own


@dataclass(frozen=True)
class Day:
    """What came in, and of that what visitors said something of, and something else of."""

    day: date
    drawn: int
    said: int
    contradicted: int


@dataclass(frozen=True)
class VersionShare:
    """How often visitors said something else than a version."""

    number: int
    drawn: int
    said: int
    contradicted: int

    @property
    def share(self) -> float:
        return self.contradicted / self.drawn

    @property
    def percent(self) -> str:
        return f"{self.share:.1%}"


@dataclass(frozen=True)
class Confusion:
    """What the network took for what, as visitors say, and how often."""

    said: Answer
    read: Answer
    count: int

    @property
    def url(self) -> str:
        """Where the drawings are."""
        query = f"corrected_digit__exact={self.said}&predicted_digit__exact={self.read}"
        return f"{reverse('admin:recognizer_submission_changelist')}?{query}"

    @property
    def names(self) -> tuple[str, str]:
        return name(self.said), name(self.read)


def overview() -> dict[str, Any]:
    """All that the page shows."""
    last_days, answers = days(), kept("answers", answers_by_version, column=3)
    return {
        "days": last_days,
        "chart": day_chart([(row.day, row.drawn, row.contradicted) for row in last_days]),
        "versions": version_shares(answers),
        "confusions": confusions(answers),
        "waiting": queue.waiting(),
        "worth_a_look": queue.count(Submission.objects.pending().filter(doubt__gte=WORTH_A_LOOK)),
        "resting": queue.resting(),
        "many": queue.MANY,
    }


def days() -> list[Day]:
    """The last four weeks, oldest first, also the days without a drawing."""
    midnight = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    first = midnight - timedelta(days=DAYS - 1)
    counted = kept("days", lambda: _counted_since(first), column=1)
    by_day = {date.fromisoformat(day): numbers for day, *numbers in counted}
    every_day = [(first + timedelta(days=i)).date() for i in range(DAYS)]
    found = [(day, *by_day.get(day, (0, 0, 0))) for day in every_day]
    return [Day(day, drawn, said, said - agreed) for day, drawn, said, agreed in found]


def _counted_since(first: datetime) -> list[tuple[str, int, int, int]]:
    """(day, drawn, said, agreed)."""
    return list(
        Submission.objects.filter(created__gte=first)
        .order_by()
        # As text, in UTC: TruncDate would call Python for each row on SQLite.
        .annotate(day=Substr(Cast("created", CharField()), 1, 10))
        .values_list("day")
        .annotate(
            drawn=Count("pk"),
            said=Count("corrected_digit"),
            agreed=Count("pk", filter=Q(corrected_digit=F("predicted_digit"))),
        )
    )


def kept(name: str, count: Callable[[], list[Row]], column: int) -> list[Row]:
    """What `count` answers; where that are very many (in `column`), as it was some minutes ago."""
    found = cache.get(name := f"overview:{name}")
    if found is None:
        found = count()
        if sum(row[column] for row in found) >= MANY_ROWS:
            cache.set(name, found, KEEP_SECONDS)
    return [tuple(row) for row in found]  # type: ignore[misc]  # the cache makes lists of them


Answers = list[tuple[int, int, int | None, int]]


def answers_by_version() -> Answers:
    """(version, predicted digit, corrected digit, how many)."""
    groups = Submission.objects.order_by().values_list(
        "model_version", "predicted_digit", "corrected_digit"
    )
    return list(groups.annotate(count=Count("*")))


def version_shares(answers: Answers) -> list[VersionShare]:
    """Newest first, those that have read something."""
    drawn, said, contradicted = Counter[int](), Counter[int](), Counter[int]()
    for version, predicted, corrected, count in answers:
        drawn[version] += count
        if corrected is not None:
            said[version] += count
            contradicted[version] += count * (corrected != predicted)
    numbers = ModelVersion.objects.filter(pk__in=drawn).values_list("pk", "number")
    return [
        VersionShare(number, drawn[pk], said[pk], contradicted[pk])
        for pk, number in numbers.order_by("-number")
    ]


def confusions(answers: Answers) -> list[Confusion]:
    """The most frequent ones."""
    counts = Counter[tuple[int, int]]()
    for _, predicted, corrected, count in answers:
        if corrected not in (None, predicted):
            counts[corrected, predicted] += count
    return [
        Confusion(Answer(said), Answer(read), count)
        for (said, read), count in counts.most_common(WORST)
    ]
