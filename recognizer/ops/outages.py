"""The exceptions that mean an outage of the database, of the cache or of all model versions."""

import sqlite3
from typing import Final

from django.conf import settings
from django.db import InterfaceError, OperationalError

from recognizer.serving.model_registry import CorruptModelError


def _redis_errors() -> tuple[type[Exception], ...]:
    """Return the exceptions of Redis if it is the cache."""
    # If Redis is not used, its client is not imported, which saves 22 MB in each process.
    if not settings.CACHES["default"]["BACKEND"].endswith("RedisCache"):
        return ()
    from redis.exceptions import RedisError

    return (RedisError,)


# sqlite3.OperationalError comes from SQLiteCache, which does not use Django's database layer.
OUTAGE_ERRORS: Final[tuple[type[Exception], ...]] = (
    OperationalError,
    InterfaceError,
    sqlite3.OperationalError,
    CorruptModelError,
    *_redis_errors(),
)
