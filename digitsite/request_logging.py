"""Log formats: plain lines for people, or JSON for programs. Both show the request id."""

import json
import logging
import re
import time
import uuid
from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Final

from django.http import HttpRequest, HttpResponse

VALID_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
REQUEST_ID_META_KEY: Final = "digitsite.request_id"

_request_id: ContextVar[str] = ContextVar("request_id", default="")
access = logging.getLogger("digitsite.access")


class RequestIdMiddleware:
    """Take the request id from the proxy's X-Request-ID header, or create one.

    The log records of the request contain the id, and the response sends it back. This middleware
    must be the outermost one, so that the logged duration covers the whole request.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        request_id = given if VALID_REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        request.META[REQUEST_ID_META_KEY] = request_id
        token = _request_id.set(request_id)
        started = time.perf_counter()
        try:
            response = self._get_response(request)
            # The query and the IP address are not logged, because they can identify a person.
            access.info(
                "%s %s %d",
                request.method,
                request.path,
                response.status_code,
                extra={"seconds": round(time.perf_counter() - started, 4)},
            )
        finally:
            _request_id.reset(token)
        response["X-Request-ID"] = request_id
        return response


def _request_id_of(record: logging.LogRecord) -> str:
    """Return the id of the request that the record belongs to, or an empty string."""
    # Django logs some records after the middleware has returned, but attaches the request to them.
    request = getattr(record, "request", None)
    return _request_id.get() or getattr(request, "META", {}).get(REQUEST_ID_META_KEY, "")


class PlainFormatter(logging.Formatter):
    """Format a record as `2026-11-23 07:00:00,000 ERROR recognizer.api: message [request id]`.

    Outside of a request, the last part is missing.
    """

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        # This method, unlike format(), is called before the traceback is added.
        request_id = _request_id_of(record)
        return super().formatMessage(record) + (f" [{request_id}]" if request_id else "")


class JsonFormatter(logging.Formatter):
    """Format a record as one JSON object. The key `error` holds the traceback, if there is one."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if request_id := _request_id_of(record):
            line["request_id"] = request_id
        if (seconds := getattr(record, "seconds", None)) is not None:
            line["seconds"] = seconds
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line)


FORMATS: Final = {"plain": PlainFormatter, "json": JsonFormatter}


def logging_config(log_format: str) -> dict[str, Any]:
    """Return the dict for Django's `LOGGING`. With `json`, every request is logged as well."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"default": {"()": FORMATS[log_format]}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "default"}},
        "root": {"handlers": ["stderr"], "level": "WARNING"},
        "loggers": {
            "recognizer": {"level": "INFO"},
            "waitress": {"level": "INFO"},
            # Under load, requests wait for a thread. This logger would write a line for each.
            "waitress.queue": {"level": "ERROR"},
            "digitsite.access": {"level": "INFO" if log_format == "json" else "WARNING"},
        },
    }
