"""Keep a training run alive after a database connection was cut, or while the database is down."""

import logging
import time
from collections.abc import Callable
from typing import Any, Final, TypeVar

from django.db import connection

from recognizer.serving.model_registry import DATABASE_OUTAGES

# How long `retry` waits for the database.
OUTAGE_SECONDS: Final = 60.0
# Seconds between two attempts of `retry`.
RETRY_SECONDS: Final = 1.0

Result = TypeVar("Result")

log = logging.getLogger(__name__)


def retry(operation: Callable[[], Result]) -> Result:
    """Call `operation` until the database answers, and return its result.

    It is repeated from its start, so it must have the same result as if it had run only once.

    Raises the error of the last attempt after `OUTAGE_SECONDS`.
    """
    deadline = time.monotonic() + OUTAGE_SECONDS
    while True:
        try:
            return operation()
        except DATABASE_OUTAGES as error:
            # Part of a transaction cannot be repeated alone.
            if connection.in_atomic_block or time.monotonic() >= deadline:
                raise
            log.warning("The database does not answer: %s. Trying again ...", error)
            _close_connection()
        time.sleep(RETRY_SECONDS)


def write_or_skip(write: Callable[..., Any], **fields: Any) -> bool:
    """Call `write(**fields)`, and return whether the database answered.

    If it did not, log the error. Use this for values that a later write contains, too.
    """
    try:
        write(**fields)
    except DATABASE_OUTAGES as error:
        log.warning("Could not store %s: %s", ", ".join(fields), error)
        _close_connection()
        return False
    return True


def _close_connection() -> None:
    """Close the connection of this thread, so that Django opens a new one.

    It may have been cut, or stay read-only after a PostgreSQL server has become writable.
    """
    if not connection.in_atomic_block:
        connection.close()
