"""The pages for people, and the health check."""

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

from recognizer import owners, registry


@require_safe
@ensure_csrf_cookie
def draw(request: HttpRequest) -> HttpResponse:
    """Draw a digit, see what the site reads, say what it is."""
    # Before the first drawing is sent: were its answer lost on the way, and the cookie with it,
    # the retry would come from somebody else, and be stored twice.
    owners.ensure(request)
    return render(request, "recognizer/draw.html")


@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """200 while the database answers and a version is loaded, else 503 with the reason."""
    try:
        served = registry.serving()
    except (DatabaseError, registry.DamagedModelError) as error:
        return JsonResponse({"status": "unavailable", "reason": str(error)}, status=503)
    return JsonResponse({"status": "ok", "model_version": served.number})
