"""Endpoints for monitoring: liveness, readiness and Prometheus metrics."""

import logging
from typing import Final

from django.conf import settings
from django.db import Error
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_safe

from recognizer import metrics
from recognizer.accounts import rights
from recognizer.models import ModelVersion
from recognizer.ops.db_metrics import DatabaseCollector
from recognizer.serving import model_registry

DATABASE_UNAVAILABLE: Final = "The database does not answer or lacks a migration. See the log."

log = logging.getLogger(__name__)


@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """Return 200 while the process runs.

    The database is not checked, because restarting the process would not repair it.
    """
    return JsonResponse({"status": "ok"})


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Return 200 if the database answers and a version is loaded, otherwise 503 and the reason."""
    try:
        # loaded_version() queries the database only once a second, so it may miss an outage.
        ModelVersion.objects.live().exists()
        loaded = model_registry.loaded_version()
    except Error as error:
        # The response does not contain the error, because its message may name hosts and users.
        log.error("not ready: %s", error)
        return _unavailable(DATABASE_UNAVAILABLE)
    except model_registry.CorruptModelError as error:
        return _unavailable(str(error))
    return JsonResponse({"status": "ok", "model_version": loaded.number})


@require_safe
def metrics_view(request: HttpRequest) -> HttpResponse:
    """Return the metrics of this server and the metrics from the database."""
    if not _may_read_metrics(request):
        return HttpResponse(
            "This needs METRICS_TOKEN or a staff account.\n",
            content_type="text/plain",
            status=401,
            headers={"WWW-Authenticate": 'Bearer realm="metrics"'},
        )
    text, content_type = metrics.render_metrics(DatabaseCollector())
    return HttpResponse(text, content_type=content_type, headers={"Cache-Control": "no-store"})


def _may_read_metrics(request: HttpRequest) -> bool:
    expected, given = settings.METRICS_TOKEN, request.headers.get("Authorization", "")
    # The token is checked first, because it works without the database and its sessions.
    if expected and constant_time_compare(given, f"Bearer {expected}"):
        return True
    return rights.is_staff(request.user)


def _unavailable(reason: str) -> JsonResponse:
    return JsonResponse({"status": "unavailable", "reason": reason}, status=503)
