"""Count requests, predictions and submissions of this process for Prometheus."""

import time
from collections.abc import Callable
from typing import Final

from django.http import HttpRequest, HttpResponse
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
# The label value of all unknown paths and methods. Otherwise, each path or method that a client
# invents would add a time series.
UNKNOWN: Final = "other"

REGISTRY: Final = CollectorRegistry()
REQUESTS: Final = Counter(
    "digitsite_requests",
    "Requests that were answered.",
    ("method", "view", "status"),
    registry=REGISTRY,
)
REQUEST_SECONDS: Final = Histogram(
    "digitsite_request_seconds",
    "Time from a request to its response, in seconds.",
    ("view",),
    registry=REGISTRY,
)
PREDICTION_SECONDS: Final = Histogram(
    "digitsite_prediction_seconds",
    "Time to decode one image and to predict its digits, in seconds.",
    buckets=(0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1),
    registry=REGISTRY,
)
PREDICTIONS: Final = Counter(
    "digitsite_predictions",
    "Predicted labels, including the predictions that are updated while a visitor draws.",
    ("version", "digit"),
    registry=REGISTRY,
)
CONFIDENCE: Final = Histogram(
    "digitsite_confidence",
    "Confidence of the predictions.",
    ("version",),
    buckets=(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1),
    registry=REGISTRY,
)
SUBMISSIONS: Final = Counter(
    "digitsite_submissions",
    "Drawings that were stored by visitors and API clients, without imported ones.",
    ("source",),
    registry=REGISTRY,
)


class RequestMetricsMiddleware:
    """Count every request, and observe its duration.

    Among the middlewares that can answer a request themselves, this must be the outermost one, so
    that the responses of the others are counted as well.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        response = self._get_response(request)
        view = (request.resolver_match and request.resolver_match.view_name) or UNKNOWN
        method = request.method if request.method in METHODS else UNKNOWN
        REQUESTS.labels(method, view, response.status_code).inc()
        REQUEST_SECONDS.labels(view).observe(time.perf_counter() - started)
        return response


def count_prediction(version_number: int, label: str, confidence: float) -> None:
    """Count one prediction of the model version with this number."""
    PREDICTIONS.labels(version_number, label).inc()
    CONFIDENCE.labels(version_number).observe(confidence)


def render_metrics(database: Collector) -> tuple[bytes, str]:
    """Return all metrics in Prometheus's text format, and the content type of that format.

    `database` collects the metrics that are computed from the database.
    """
    from_database = CollectorRegistry()
    from_database.register(database)
    return generate_latest(REGISTRY) + generate_latest(from_database), CONTENT_TYPE_LATEST
