"""Every error of the API in one form: `code` for programs, `detail` for people.

What does not fit, in a body or in a URL's query, also has `fields`: the complaints by field.
"""

import logging
import sqlite3
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext_lazy as _
from django.views import defaults
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import exception_handler

from recognizer.recognition import BadImageError
from recognizer.registry import DamagedModelError

# Each code, its status and what it means: docs/api.md and the schema show this table.
CODES: Final = {
    "invalid": (400, "The body or the query does not fit; `fields` says what."),
    "parse_error": (400, "The body is no JSON or no form."),
    "not_base64": (400, "The image in JSON is not valid base64."),
    "not_an_image": (400, "No PNG, JPEG, WebP or GIF."),
    "damaged_image": (400, "The image is damaged or cut short."),
    "animated_image": (400, "The image is animated: send a still one."),
    "image_too_large": (400, "More than 13 million pixels."),
    "blank_image": (400, "There is no ink on it."),
    "single_dot": (400, "A single dot is no drawing yet."),
    "not_authenticated": (401, "This needs a key or a login."),
    "authentication_failed": (401, "The key is wrong, withdrawn or expired."),
    "permission_denied": (
        403,
        "The key lacks the scope, you lack the right, or the CSRF token is missing.",
    ),
    "not_found": (404, "There is nothing, or it belongs to somebody else."),
    "method_not_allowed": (405, "`Allow` says which methods are."),
    "not_acceptable": (406, "The API answers in JSON."),
    "already_reviewed": (409, "A reviewer has decided already."),
    "no_label": (409, "The visitor did not say what it is: send `digit`."),
    "idempotency_key_reused": (409, "You sent this `Idempotency-Key` with another image."),
    "body_too_large": (413, "More than 10 MB."),
    "unsupported_media_type": (415, "Send JSON or a multipart form."),
    "throttled": (429, "Too many requests: `Retry-After` says how many seconds to wait."),
    "server_error": (500, "A mistake of ours; it is in the log."),
    "unavailable": (503, "The site cannot do this right now."),
}

# What `ml` says in English: it knows no other language.
BAD_IMAGES: Final = {
    "not_base64": _("The image is not valid base64."),
    "not_an_image": _("This is not an image that can be read: send PNG, JPEG, WebP or GIF."),
    "damaged_image": _("The image is damaged or cut short."),
    "animated_image": _("The image is animated: send a single still picture."),
    "image_too_large": _("The image has more than 13 million pixels."),
    "blank_image": _("The picture is empty: there is no ink on it."),
    "single_dot": _("That is a single dot: draw a digit."),
}

log = logging.getLogger(__name__)

# The database, the cache that counts requests, or every model version.
UNAVAILABLE: tuple[type[Exception], ...] = (
    OperationalError,
    sqlite3.OperationalError,
    DamagedModelError,
)
if settings.CACHES["default"]["BACKEND"].endswith("RedisCache"):
    # Who does not use it is spared its 22 MB in each worker.
    from redis.exceptions import RedisError

    UNAVAILABLE += (RedisError,)


class BadImage(exceptions.APIException):
    status_code = status.HTTP_400_BAD_REQUEST

    def __init__(self, error: BadImageError) -> None:
        super().__init__(BAD_IMAGES[error.code], error.code)


class AlreadyReviewed(exceptions.APIException):
    status_code = status.HTTP_409_CONFLICT
    default_code = "already_reviewed"
    default_detail = _("A reviewer has already decided on this submission.")


class NoLabel(exceptions.APIException):
    status_code = status.HTTP_409_CONFLICT
    default_code = "no_label"
    default_detail = _("The visitor did not say what it is: send a digit, or null.")


class KeyReused(exceptions.APIException):
    status_code = status.HTTP_409_CONFLICT
    default_code = "idempotency_key_reused"
    default_detail = _("This Idempotency-Key came with another image before.")


class BodyTooLarge(exceptions.APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "body_too_large"
    default_detail = _("The body has more than 10 MB.")


class Unavailable(exceptions.APIException):
    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_code = "unavailable"
    default_detail = _("The site cannot do this right now. Try again later.")


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler, for what the views raise."""
    error = _of_the_api(error)
    response = exception_handler(error, context)
    if response is not None:
        response.data = form(error)
    return response


def form(error: Exception) -> dict[str, Any]:
    """The body that tells of an error of DRF or of this file."""
    if isinstance(error, exceptions.ValidationError):
        fields = error.detail if isinstance(error.detail, dict) else {"body": error.detail}
        return {
            "code": "invalid",
            "detail": _("Something does not fit: see fields."),
            "fields": fields,
        }
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    assert isinstance(error, exceptions.APIException)
    return {"code": error.get_codes(), "detail": str(error.detail)}


def _of_the_api(error: Exception) -> Exception:
    if isinstance(error, BadImageError):
        return BadImage(error)
    if isinstance(error, RequestDataTooBig):
        return BodyTooLarge()
    if isinstance(error, SuspiciousOperation):  # more fields or files than Django takes
        return exceptions.ParseError(str(error))
    if isinstance(error, UNAVAILABLE):
        log.error("answered with 503: %s", error)
        return Unavailable()
    return error


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's `handler404`: below /api/ in the API's form."""
    if not request.path.startswith("/api/"):
        return defaults.page_not_found(request, exception)
    return JsonResponse(form(exceptions.NotFound()), status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's `handler500`: below /api/ in the API's form."""
    if not request.path.startswith("/api/"):
        return defaults.server_error(request)
    detail = _("A mistake of ours; it is in the log.")
    return JsonResponse({"code": "server_error", "detail": detail}, status=500)
