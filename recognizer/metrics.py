"""What each process counts, for Prometheus.

With PROMETHEUS_MULTIPROC_DIR, which gunicorn.conf.py sets, the processes of one server count into
files there, and whichever is asked adds them up. Without it a process counts for itself.
"""

import os
import time
from collections.abc import Callable
from typing import Final

from django.http import HttpRequest, HttpResponse
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from recognizer.models import Answer

METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
OTHER: Final = "other"  # anybody can make up paths and methods: they all have this one name

REGISTRY: Final = CollectorRegistry()
REQUESTS: Final = Counter(
    "digitsite_requests",
    "Answered requests.",
    ("method", "view", "status"),
    registry=REGISTRY,
)
REQUEST_SECONDS: Final = Histogram(
    "digitsite_request_seconds",
    "Time from a request to its answer.",
    ("view",),
    registry=REGISTRY,
)
RECOGNITION_SECONDS: Final = Histogram(
    "digitsite_recognition_seconds",
    "Time to decode, normalize and read one image.",
    buckets=(0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1),
    registry=REGISTRY,
)
ANSWERS: Final = Counter(
    "digitsite_answers",
    "What was read, guesses while somebody draws included.",
    ("version", "digit"),
    registry=REGISTRY,
)
CONFIDENCE: Final = Histogram(
    "digitsite_confidence",
    "How sure the answers are.",
    ("version",),
    buckets=(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1),
    registry=REGISTRY,
)
STORED: Final = Counter(
    "digitsite_submissions",
    "Drawings that were stored.",
    ("source",),
    registry=REGISTRY,
)


class CountRequests:
    """Middleware, the outermost: it sees what every other one answers."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        response = self._get_response(request)
        view = (request.resolver_match and request.resolver_match.view_name) or OTHER
        method = request.method if request.method in METHODS else OTHER
        REQUESTS.labels(method, view, response.status_code).inc()
        REQUEST_SECONDS.labels(view).observe(time.perf_counter() - started)
        return response


def answered(version: int, answer: int, confidence: float) -> None:
    """Count one answer of the network."""
    ANSWERS.labels(version, Answer(answer).label).inc()
    CONFIDENCE.labels(version).observe(confidence)


def exposition(more: Collector) -> tuple[bytes, str]:
    """All of it, and of `more`, in Prometheus's text format; and that format's content type."""
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        counted = CollectorRegistry()
        MultiProcessCollector(counted)  # type: ignore[no-untyped-call]
    else:
        counted = REGISTRY
    from_database = CollectorRegistry()
    from_database.register(more)
    return generate_latest(counted) + generate_latest(from_database), CONTENT_TYPE_LATEST
