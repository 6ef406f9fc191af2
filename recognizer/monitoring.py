"""For whoever watches the site: does it live, is it ready."""

import logging
from typing import Final

from django.db import DatabaseError
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from recognizer import registry
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


def _unavailable(reason: str) -> JsonResponse:
    return JsonResponse({"status": "unavailable", "reason": reason}, status=503)
