"""Every error of the API in one form: `code` for programs, `detail` for people.

A body that does not fit also has `fields`: the complaints by field.
"""

import logging
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import OperationalError
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import exception_handler

from recognizer.recognition import BadImageError
from recognizer.registry import DamagedModelError

log = logging.getLogger(__name__)


class BadImage(exceptions.APIException):
    status_code = status.HTTP_400_BAD_REQUEST


class AlreadyReviewed(exceptions.APIException):
    status_code = status.HTTP_409_CONFLICT
    default_code = "already_reviewed"
    default_detail = "A reviewer has already decided on this submission."


class BodyTooLarge(exceptions.APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "body_too_large"
    default_detail = (
        f"The body has more than {settings.DATA_UPLOAD_MAX_MEMORY_SIZE // 1_000_000} MB."
    )


class Unavailable(exceptions.APIException):
    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_code = "unavailable"
    default_detail = "The site cannot do this right now. Try again later."


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler, for what the views raise."""
    if isinstance(error, BadImageError):
        error = BadImage(str(error), error.code)
    elif isinstance(error, RequestDataTooBig):
        error = BodyTooLarge()
    elif isinstance(error, SuspiciousOperation):  # more fields or files than Django takes
        error = exceptions.ParseError(str(error))
    elif isinstance(error, (OperationalError, DamagedModelError)):
        log.error("answered with 503: %s", error)
        error = Unavailable()
    response = exception_handler(error, context)
    if response is None:
        return None
    if isinstance(error, exceptions.ValidationError):
        fields = error.detail if isinstance(error.detail, dict) else {"body": error.detail}
        response.data = {
            "code": "invalid",
            "detail": "The body does not fit: see fields.",
            "fields": fields,
        }
    else:
        detail = response.data["detail"]
        response.data = {"code": detail.code, "detail": str(detail)}
    return response
