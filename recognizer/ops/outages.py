"""The errors of a database, a cache or a model version that does not work."""

import sqlite3
from typing import Final

from django.conf import settings
from django.db import OperationalError

from recognizer.serving.model_registry import CorruptModelError


def _redis_errors() -> tuple[type[Exception], ...]:
    # Each worker saves 22 MB if the client of an unused cache is not imported.
    if not settings.CACHES["default"]["BACKEND"].endswith("RedisCache"):
        return ()
    from redis.exceptions import RedisError

    return (RedisError,)


# Django does not wrap the errors of the SQLite file that serves as the cache.
OUTAGE_ERRORS: Final[tuple[type[Exception], ...]] = (
    OperationalError,
    sqlite3.OperationalError,
    CorruptModelError,
    *_redis_errors(),
)
