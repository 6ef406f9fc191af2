"""Logs: lines for people or JSON for programs, and in both which request a line is about.

The standard library does it all: gunicorn.conf.py uses this before there is a Django.
"""

import json
import logging
import re
import time
import uuid
from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

WELL_FORMED: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
NAMED: Final = "digitsite.request_id"  # in a request's META

_request_id: ContextVar[str] = ContextVar("request_id", default="")
access = logging.getLogger("digitsite.access")


class RequestId:
    """Middleware, the outermost: takes the proxy's X-Request-ID or makes one, and answers it."""

    def __init__(self, get_response: Callable[["HttpRequest"], "HttpResponse"]) -> None:
        self._get_response = get_response

    def __call__(self, request: "HttpRequest") -> "HttpResponse":
        given = request.headers.get("X-Request-ID", "")
        name = given if WELL_FORMED.fullmatch(given) else uuid.uuid4().hex
        request.META[NAMED] = name
        before = _request_id.set(name)
        started = time.perf_counter()
        try:
            response = self._get_response(request)
            # Neither query nor address: they may say who it was.
            access.info(
                "%s %s %d",
                request.method,
                request.path,
                response.status_code,
                extra={"seconds": round(time.perf_counter() - started, 4)},
            )
        finally:
            _request_id.reset(before)
        response["X-Request-ID"] = name
        return response


def _about(record: logging.LogRecord) -> str:
    """The id of the request that a line is about, or nothing."""
    # Some lines of Django's are written when all middleware is done, but have the request itself.
    request = getattr(record, "request", None)
    return _request_id.get() or getattr(request, "META", {}).get(NAMED, "")


class Line(logging.Formatter):
    """`2026-11-23 07:00:00,000 ERROR recognizer.api: what happened [request id]`"""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        name = _about(record)
        return super().formatMessage(record) + (f" [{name}]" if name else "")


class Json(logging.Formatter):
    """One object a line; the traceback, if any, in `error`."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if name := _about(record):
            line["request_id"] = name
        if (seconds := getattr(record, "seconds", None)) is not None:
            line["seconds"] = seconds
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line)


FORMATS: Final = {"plain": Line, "json": Json}


def config(log_format: str) -> dict[str, Any]:
    """For `logging.config`; with JSON also a line for each request."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"ours": {"()": FORMATS[log_format]}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "ours"}},
        "root": {"handlers": ["stderr"], "level": "WARNING"},
        "loggers": {
            "recognizer": {"level": "INFO"},
            "digitsite.access": {"level": "INFO" if log_format == "json" else "WARNING"},
        },
    }
