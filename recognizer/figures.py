"""What the database says about the site, for Prometheus: cheap also with a million rows."""

import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from django.db import DatabaseError
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from recognizer import registry
from recognizer.desk import queue
from recognizer.models import ModelVersion, Submission, TrainingRun

NEWEST: Final = 1000  # of so many submissions the shares are
MOST_WAITING: Final = 10_000  # are not counted further: a scrape must stay cheap

log = logging.getLogger(__name__)


class FromDatabase(Collector):
    """Asked at each scrape, by one process, so that it is right however many there are."""

    def collect(self) -> Iterable[Metric]:
        try:
            found = list(_found())
        except DatabaseError as error:
            log.error("no figures from the database: %s", error)
            found = []
        yield _gauge("digitsite_database_up", "Whether the database answers.", bool(found))
        yield from found


def _found() -> Iterator[Metric]:
    live = ModelVersion.objects.live().values_list("number", flat=True).first()
    yield _gauge("digitsite_live_version", "The number of the live version.", live or 0)
    served = registry.serving_or_none()
    yield _gauge(
        "digitsite_served_version",
        "What is served: another one than the live version where that is damaged.",
        served.number if served else 0,
    )
    yield _gauge(
        "digitsite_waiting_submissions",
        f"How many wait for a reviewer, {MOST_WAITING} at most.",
        queue.count(Submission.objects.pending(), MOST_WAITING),
    )
    yield _gauge(
        "digitsite_unfinished_training_runs",
        "How many retrainings wait or run.",
        TrainingRun.objects.unfinished().count(),
    )
    yield _said()


def _said() -> Metric:
    shares = GaugeMetricFamily(
        "digitsite_said_share",
        f"Of the newest {NEWEST} submissions, what share of visitors said what of the answer.",
        labels=["said"],
    )
    newest = Submission.objects.values_list("corrected_digit", "predicted_digit")[:NEWEST]
    counts = Counter(_word(*row) for row in newest)
    for said in ("nothing", "right", "wrong"):
        shares.add_metric([said], counts[said] / max(counts.total(), 1))
    return shares


def _word(corrected: int | None, predicted: int) -> str:
    if corrected is None:
        return "nothing"
    return "right" if corrected == predicted else "wrong"


def _gauge(name: str, meaning: str, value: float) -> Metric:
    return GaugeMetricFamily(name, meaning, value)
