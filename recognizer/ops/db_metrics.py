"""Prometheus metrics that are computed from the database, fast even with a million rows."""

import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from django.db import Error
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from recognizer.models import ModelVersion, Submission, TrainingRun
from recognizer.review import queue
from recognizer.serving import model_registry

SAMPLE_SIZE: Final = 1000  # The shares are computed from this many of the newest submissions.
COUNT_LIMIT: Final = 10_000  # rows; counting more of them would make a scrape slow

log = logging.getLogger(__name__)


class DatabaseCollector(Collector):
    """Query the database at each scrape.

    If a query fails, `digitsite_database_up` is 0, and the other metrics of this class are missing.
    """

    def collect(self) -> Iterable[Metric]:
        try:
            metrics = list(_collect())
        except Error as error:
            log.error("no metrics from the database: %s", error)
            metrics = []
        yield GaugeMetricFamily(
            "digitsite_database_up", "Whether the database answers.", bool(metrics)
        )
        yield from metrics


def _collect() -> Iterator[Metric]:
    live = ModelVersion.objects.live().values_list("number", flat=True).first()
    yield GaugeMetricFamily("digitsite_live_version", "The number of the live version.", live or 0)
    loaded = model_registry.loaded_version_or_none()
    yield GaugeMetricFamily(
        "digitsite_loaded_version",
        "The number of the version in use, which differs if the live version is corrupt.",
        loaded.number if loaded else 0,
    )
    yield GaugeMetricFamily(
        "digitsite_pending_submissions",
        f"Submissions that wait for a review, at most {COUNT_LIMIT}.",
        queue.bounded_count(Submission.objects.pending(), COUNT_LIMIT),
    )
    yield GaugeMetricFamily(
        "digitsite_unfinished_training_runs",
        "Training runs that are waiting or running.",
        TrainingRun.objects.unfinished().count(),
    )
    yield _correction_shares()


def _correction_shares() -> Metric:
    shares = GaugeMetricFamily(
        "digitsite_correction_share",
        f"Share of the newest {SAMPLE_SIZE} submissions that were not imported, by correction.",
        labels=["correction"],
    )
    newest = Submission.objects.of_visitors()[:SAMPLE_SIZE]
    corrections = newest.values_list("corrected_digit", "predicted_digit")
    counts = Counter(_correction_kind(*row) for row in corrections)
    for kind in ("none", "agrees", "disagrees"):
        shares.add_metric([kind], counts[kind] / max(counts.total(), 1))
    return shares


def _correction_kind(corrected: int | None, predicted: int) -> str:
    if corrected is None:
        return "none"
    return "agrees" if corrected == predicted else "disagrees"
