"""System checks, which `manage.py check` runs in addition to Django's own.

The database check runs with `--database default`, and before each `migrate`. The deployment checks
run with `--deploy`.
"""

from collections.abc import Sequence
from typing import Any, Final

from django.conf import settings
from django.core.cache import caches
from django.core.checks import CheckMessage, Error, Info, Tags, Warning, register
from django.db import OperationalError, ProgrammingError, connection

from recognizer.models import ModelVersion
from recognizer.serving import model_registry

SQLITE_CACHE: Final = "digitsite.sqlite_cache.SQLiteCache"
# With these, PostgreSQL stores all characters. SQL_ASCII stores the bytes of UTF-8 unchanged.
COMPLETE_ENCODINGS: Final = ("UTF8", "SQL_ASCII")


@register(Tags.database)
def check_live_version(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """Return a warning if the live version is corrupt.

    It is not an error, because an error would keep `migrate` from running.
    """
    if not databases:
        return []
    try:
        live = ModelVersion.objects.live().first()
    except (OperationalError, ProgrammingError):
        connection.ensure_connection()  # raises the error of a database that does not answer
        return []  # The first `migrate` has not created the tables yet.
    try:
        if live is not None:
            model_registry.load(live)
    except model_registry.CorruptModelError as error:
        hint = (
            "Another version is used instead. “manage.py models verify” lists the valid versions. "
            "Promote a valid version with “manage.py models promote N”."
        )
        return [Warning(f"{live} is live and corrupt: {error}.", hint, id="digitsite.W001")]
    return []


@register(Tags.database)
def check_encoding(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """Return a warning if PostgreSQL stores text in an encoding that lacks most characters.

    It is not an error, because an error would keep `migrate` from running.
    """
    if not databases or connection.vendor != "postgresql":
        return []
    connection.ensure_connection()
    encoding = connection.connection.info.parameter_status("server_encoding")
    if encoding in COMPLETE_ENCODINGS:
        return []
    message = f"The database has the encoding {encoding}, which lacks most characters."
    hint = (
        "Texts such as names cannot be stored if it lacks one of their characters. Create a "
        "database with “createdb --encoding=UTF8 --template=template0”, and move the data."
    )
    return [Warning(message, hint, id="digitsite.W004")]


@register(Tags.security, deploy=True)
def check_https(**_: Any) -> list[CheckMessage]:
    """Return a warning if HTTPS is off. It replaces Django's warnings about single settings."""
    if settings.HTTPS:
        return []
    message = "Visitors use plain HTTP: others on their network can read passwords and cookies."
    hint = "Put a reverse proxy with HTTPS in front of the site, and set HTTPS=on and NUM_PROXIES."
    return [Warning(message, hint, id="digitsite.W002")]


@register(Tags.caches, deploy=True)
def check_cache_counts(**_: Any) -> list[CheckMessage]:
    """Return an error if the cache cannot count. Each process then counts in its memory."""
    store: Any = caches["default"]  # see digitsite/memory_fallback.py
    try:
        store.check_store()
    except store.store_errors as error:
        message = f"The cache cannot count requests: {error}"
        hint = "Start the cache or correct CACHE_URL. If it is empty, make DATA_DIR writable."
        return [Error(message, hint, id="digitsite.E003")]
    return []


@register(Tags.caches, deploy=True)
def check_cache_spans_hosts(**_: Any) -> list[CheckMessage]:
    """Return a reminder if several hosts may serve the site, and each has its own SQLite cache."""
    on_sqlite = settings.DATABASES["default"]["ENGINE"].endswith("sqlite3")
    if on_sqlite or settings.CACHES["default"]["BACKEND"] != SQLITE_CACHE:
        return []
    message = "Each host has its own rate limits."
    hint = "If several hosts serve the site, set CACHE_URL. For one host, ignore this."
    return [Info(message, hint, id="digitsite.I001")]
