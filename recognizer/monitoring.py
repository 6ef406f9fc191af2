"""For whoever watches the site: does it live, is it ready, how does it do."""

import logging
from typing import Final

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_safe

from recognizer import figures, metrics, registry
from recognizer.models import ModelVersion

NO_DATABASE: Final = "The database does not answer, or lacks a migration; the log says more."

log = logging.getLogger(__name__)


@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """200 while the process answers: without the database, which starting it anew cannot mend."""
    return JsonResponse({"status": "ok"})


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """200 while the database answers and a version is loaded, else 503 with the reason."""
    try:
        # Asked each time, also while serving() still knows the answer.
        ModelVersion.objects.live().exists()
        served = registry.serving()
    except DatabaseError as error:
        log.error("not ready: %s", error)  # it may name hosts and users
        return _unavailable(NO_DATABASE)
    except registry.DamagedModelError as error:
        return _unavailable(str(error))
    return JsonResponse({"status": "ok", "model_version": served.number})


@require_safe
def metrics_page(request: HttpRequest) -> HttpResponse:
    """What Prometheus reads: of all processes of this server, and from the database."""
    if not _may_watch(request):
        return HttpResponse(
            "This needs METRICS_TOKEN, or a login as staff.\n",
            content_type="text/plain",
            status=401,
            headers={"WWW-Authenticate": 'Bearer realm="metrics"'},
        )
    text, content_type = metrics.exposition(figures.FromDatabase())
    return HttpResponse(text, content_type=content_type, headers={"Cache-Control": "no-store"})


def _may_watch(request: HttpRequest) -> bool:
    expected, given = settings.METRICS_TOKEN, request.headers.get("Authorization", "")
    # The token first: it lets in also while the database, and with it every session, is away.
    if expected and constant_time_compare(given, f"Bearer {expected}"):
        return True
    return request.user.is_staff


def _unavailable(reason: str) -> JsonResponse:
    return JsonResponse({"status": "unavailable", "reason": reason}, status=503)
