"""Errors of the API. Their JSON has a `code` for programs and a `detail` for people.

Validation errors also have `fields`, which contains a list of error messages for each field. For a
field with several values, it contains an object with one list for each invalid value.
"""

import sys
from typing import Any, Final

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.template import loader
from django.urls import is_valid_path
from django.utils.translation import gettext_lazy as _
from django.views import defaults
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.serializers import as_serializer_error
from rest_framework.views import exception_handler

from recognizer.models import Submission
from recognizer.ops.database_errors import handle_outage
from recognizer.serving.model_registry import DATABASE_OUTAGES, CorruptModelError
from recognizer.serving.prediction import BadImageError

# These mean an outage of the database or of all model versions. An outage of the cache raises no
# exception: see `digitsite/memory_fallback.py`.
UNAVAILABLE_ERRORS: Final = (*DATABASE_OUTAGES, CorruptModelError)

# The status and the meaning of each error code. docs/api.md and the OpenAPI schema repeat them.
CODES: Final = {
    "invalid": (400, "The body or the query is invalid; `fields` lists the errors."),
    "parse_error": (400, "The body is not valid JSON or not a valid form."),
    "not_base64": (400, "The image in the JSON body is not valid base64."),
    "not_an_image": (400, "The file is not a PNG, JPEG, WebP, GIF, HEIC or AVIF image."),
    "damaged_image": (400, "The image is damaged or incomplete."),
    "animated_image": (400, "The image is animated. Send a still image."),
    "image_too_large": (400, "The image has too many pixels for its format."),
    "batch_too_large": (400, "The images of the batch have more than 51 million pixels in total."),
    "blank_image": (400, "The image is blank."),
    "too_faint": (400, "Nothing in the photo is dark enough to be told from the paper."),
    "out_of_focus": (400, "The picture is not predicted to be a digit, and its ink is blurred."),
    "no_sheet": (
        400,
        "The picture is not predicted to be a digit, and it shows a table, but no whole sheet.",
    ),
    "several_rows": (400, "The picture shows several rows of digits: use `pages/recognize/`."),
    "single_dot": (400, "The image shows a single dot, not a drawing."),
    "no_rows": (400, "The picture shows no rows of digits."),
    "not_authenticated": (401, "This operation requires an API key or a login."),
    "authentication_failed": (
        401,
        "The `Authorization` header is not `Bearer` with an API key, or the key is invalid, "
        "revoked or expired, or its owner is inactive.",
    ),
    "permission_denied": (
        403,
        "The API key lacks the scope, you lack the permission, the CSRF token is invalid, or "
        "another site sent the request.",
    ),
    "not_found": (404, "The object does not exist, or it belongs to somebody else."),
    "method_not_allowed": (405, "The `Allow` header lists the allowed methods."),
    "not_acceptable": (406, "The `Accept` header does not allow JSON."),
    "already_reviewed": (409, "A reviewer has already approved or rejected the submission."),
    "correction_changed": (409, "The visitor has changed the correction since you read it."),
    "owner_changed": (
        409,
        "You have logged in or out: the header `X-Expected-Owner` of a page names another owner.",
    ),
    "idempotency_key_reused": (409, "You used this `Idempotency-Key` with another image."),
    "length_required": (411, "The server does not accept a body without `Content-Length`."),
    "body_too_large": (413, "The body is larger than 10 MB."),
    "unsupported_media_type": (415, "Send JSON or a multipart form."),
    "throttled": (429, "Too many requests: `Retry-After` gives the number of seconds to wait."),
    "storage_limit": (429, "You or your network have stored as much as one day allows."),
    "server_error": (500, "Internal server error. The server has logged it."),
    "unavailable": (503, "The site is temporarily unavailable."),
    "busy": (503, "Too many large requests at the same time: send the request again."),
}

# The package `ml` does not use Django, so it cannot translate its messages. These texts replace
# them.
BAD_IMAGE_MESSAGES: Final = {
    "not_base64": _("The image is not valid base64."),
    "not_an_image": _(
        "This file is not a supported image. Send a PNG, JPEG, WebP, GIF, HEIC or AVIF image."
    ),
    "damaged_image": _("The image is damaged or incomplete."),
    "animated_image": _("The image is animated. Send a still image."),
    "image_too_large": _(
        "The image is too large. Send at most 51 million pixels as JPEG, 13 million as PNG or GIF, "
        "12.5 million as HEIC, or 2.4 million as WebP or AVIF."
    ),
    "blank_image": _("The image is blank. Draw a digit."),
    "too_faint": _(
        "Nothing in the photo stands out from the paper. Use a darker pen, or take the photo in "
        "more light."
    ),
    "out_of_focus": _(
        "The picture is out of focus. Hold the camera still, and take the photo again."
    ),
    "no_sheet": _(
        "The picture does not show the whole sheet of paper. Take a photo of all its corners, or "
        "of nothing but the paper."
    ),
    "several_rows": _("The picture shows several rows of digits. Cut out one of the numbers."),
    "single_dot": _("The image shows a single dot. Draw a digit."),
    "no_rows": _("The picture shows no rows of digits."),
}


class BadImage(exceptions.APIException):
    """400 if the file is not a usable image."""

    status_code = status.HTTP_400_BAD_REQUEST

    def __init__(self, error: BadImageError) -> None:
        super().__init__(BAD_IMAGE_MESSAGES[error.code], error.code)


class AlreadyReviewed(exceptions.APIException):
    """409 if a submission that has been reviewed is corrected or reviewed again."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "already_reviewed"
    default_detail = _("This submission has already been reviewed.")


class CorrectionChanged(exceptions.APIException):
    """409 if the visitor has changed the correction since the reviewer read it."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "correction_changed"
    default_detail = _("The visitor has changed the correction. Read the submission again.")


class OwnerChanged(exceptions.APIException):
    """409 if a page would delete drawings of another owner than the one that it was made for."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "owner_changed"

    def __init__(self, is_logged_in: bool) -> None:
        super().__init__(
            _("Nothing was deleted: you have logged in since the page was loaded. Reload the page.")
            if is_logged_in
            else _(
                "Nothing was deleted: you are logged out, or your cookies were deleted. "
                "Reload the page."
            )
        )


class IdempotencyConflict(exceptions.APIException):
    """409 if the owner has used the idempotency key with another image."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "idempotency_key_reused"
    default_detail = _("You used this Idempotency-Key with another image.")


class LengthRequired(exceptions.APIException):
    """411 if the web server has not decoded a chunked body."""

    status_code = status.HTTP_411_LENGTH_REQUIRED
    default_code = "length_required"
    default_detail = _("This server needs the header Content-Length instead of a chunked body.")


class BodyTooLarge(exceptions.APIException):
    """413 if the body is larger than `DATA_UPLOAD_MAX_MEMORY_SIZE`."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "body_too_large"
    default_detail = _("The body is larger than 10 MB.")


class BatchTooLarge(exceptions.APIException):
    """400 if the images of a batch have too many pixels in total."""

    status_code = status.HTTP_400_BAD_REQUEST
    default_code = "batch_too_large"
    default_detail = _("The images have more than 51 million pixels in total. Send fewer at once.")


class StorageLimitReached(exceptions.Throttled):
    """429 if an owner or a client address has stored too many rows or bytes in a day."""

    default_code = "storage_limit"
    default_detail = _(
        "Today’s limit for stored drawings is reached. You can still draw and see predictions."
    )
    # DRF appends these texts to the detail.
    extra_detail_singular = extra_detail_plural = ""


class Busy(exceptions.APIException):
    """503 if too many other requests take long."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_code = "busy"
    default_detail = _("The server is busy with large requests. Try again in a moment.")
    wait = 1  # second; DRF sends it as Retry-After


class Unavailable(exceptions.APIException):
    """503 for an outage of the database or of all model versions."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_code = "unavailable"
    default_detail = _("The site is temporarily unavailable. Try again later.")


def handle_exception(error: Exception, context: dict[str, Any]) -> Response | None:
    """Return the response for an exception raised in a view, or None if it is unexpected.

    This is DRF's `EXCEPTION_HANDLER`. DRF raises the exception again if the result is None.
    """
    error = _to_api_exception(error)
    response = exception_handler(error, context)
    if response is not None:
        response.data = error_body(error)
    return response


def error_body(error: Exception) -> dict[str, Any]:
    """Return the response body for an `APIException`, an `Http404` or a `PermissionDenied`."""
    if isinstance(error, exceptions.ValidationError):
        is_dict = isinstance(error.detail, dict)
        # as_serializer_error() replaces a text with a list, so that each field has the same type.
        fields = as_serializer_error(error) if is_dict else {"body": error.detail}
        return {"code": "invalid", "detail": str(_("The request is invalid.")), "fields": fields}
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    assert isinstance(error, exceptions.APIException)
    return {"code": error.get_codes(), "detail": str(error.detail)}


def _to_api_exception(error: Exception) -> Exception:
    if isinstance(error, BadImageError):
        return BadImage(error)
    if isinstance(error, RequestDataTooBig):
        return BodyTooLarge()
    # Django raises SuspiciousOperation if a form has too many fields or files.
    if isinstance(error, SuspiciousOperation):
        return exceptions.ParseError(str(error))
    if isinstance(error, Submission.DoesNotExist):  # It was deleted during the request.
        return exceptions.NotFound()
    if isinstance(error, UNAVAILABLE_ERRORS):
        handle_outage(error)
        return Unavailable()
    return error


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Return the 400 response: JSON below /api/, Django's HTML page elsewhere."""
    if not request.path_info.startswith("/api/"):
        return defaults.bad_request(request, exception)
    return JsonResponse(error_body(exceptions.ParseError(str(exception))), status=400)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Return the 404 response: JSON below /api/, Django's HTML page elsewhere."""
    if not request.path_info.startswith("/api/"):
        return defaults.page_not_found(request, exception)
    error = exceptions.NotFound()
    # Django redirects GET to the path with a slash. Other methods would lose their body.
    if not request.path.endswith("/") and is_valid_path(f"{request.path_info}/"):
        detail = _("The path must end with a slash: %(path)s") % {"path": f"{request.path}/"}
        error = exceptions.NotFound(detail)
    return JsonResponse(error_body(error), status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Return the 500 response or, during an outage, the 503 response.

    It is JSON below /api/, and an HTML page elsewhere. Django calls this while it handles the
    exception.
    """
    if isinstance(error := sys.exception(), UNAVAILABLE_ERRORS):
        return _unavailable(request, error)
    if not request.path_info.startswith("/api/"):
        return defaults.server_error(request)
    detail = _("Internal server error. It has been logged.")
    return JsonResponse({"code": "server_error", "detail": detail}, status=500)


def _unavailable(request: HttpRequest, error: BaseException) -> HttpResponse:
    handle_outage(error)
    response: HttpResponse
    if request.path_info.startswith("/api/"):
        response = JsonResponse(error_body(Unavailable()), status=503)
    else:
        response = HttpResponse(loader.render_to_string("503.html"), status=503)
    # Otherwise, Django would also log the traceback, which is long, for each request.
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response
