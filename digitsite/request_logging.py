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
# In characters. A client can choose the path, and the text of some errors.
MAX_MESSAGE_LENGTH: Final = 500
MAX_TRACEBACK_LENGTH: Final = 20_000
# Django's message repeats the Origin or the Referer, which may contain a query string.
REFUSED_ORIGIN: Final = re.compile(r"((?:Origin|Referer) checking failed) - .*(?=\): )", re.DOTALL)

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


class ShortFormatter(logging.Formatter):
    """Log little of what clients send, so that nobody can fill the log or write secrets into it."""

    def message_of(self, record: logging.LogRecord) -> str:
        """Return the message, cut to `MAX_MESSAGE_LENGTH` characters."""
        if record.name == "django.security.DisallowedHost":
            # Django's message contains the header twice.
            return "The Host header is invalid, or not in ALLOWED_HOSTS."
        message = record.getMessage()
        if record.name == "django.security.csrf":
            message = REFUSED_ORIGIN.sub(r"\1", message)
        return _shorten(message, MAX_MESSAGE_LENGTH)

    def traceback_of(self, record: logging.LogRecord) -> str:
        """Return the traceback, or "" if there is none or if the request is invalid (4xx)."""
        if not record.exc_info or (getattr(record, "status_code", None) or 500) < 500:
            return ""
        return _shorten(self.formatException(record.exc_info), MAX_TRACEBACK_LENGTH)


def _shorten(text: str, length: int) -> str:
    """Return the text with at most `length` characters, without its middle if it has more."""
    if len(text) <= length:
        return text
    half = (length - len(" ... ")) // 2
    return f"{text[:half]} ... {text[-half:]}"


class PlainFormatter(ShortFormatter):
    """Format a record as `2026-11-23 07:00:00,000 ERROR recognizer.api: message [request id]`.

    Outside of a request, the last part is missing. The traceback follows, if there is one.
    """

    def format(self, record: logging.LogRecord) -> str:
        head = f"{self.formatTime(record)} {record.levelname} {record.name}"
        line = f"{head}: {self.message_of(record)}"
        if request_id := _request_id_of(record):
            line += f" [{request_id}]"
        traceback = self.traceback_of(record)
        return f"{line}\n{traceback}" if traceback else line


class JsonFormatter(ShortFormatter):
    """Format a record as one JSON object. The key `error` holds the traceback, if there is one."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self.message_of(record),
        }
        if request_id := _request_id_of(record):
            line["request_id"] = request_id
        if (seconds := getattr(record, "seconds", None)) is not None:
            line["seconds"] = seconds
        if traceback := self.traceback_of(record):
            line["error"] = traceback
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
