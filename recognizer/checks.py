"""What `manage.py check` says of the site, beside Django's own checks: each says what to do.

With `--database default` (and before each `migrate`) it asks the database, with `--deploy` the
cache.
"""

import os
from collections.abc import Sequence
from typing import Any, Final

from django.conf import settings
from django.core.cache import cache
from django.core.checks import CheckMessage, Error, Info, Tags, Warning, register
from django.db import DatabaseError, connection

from recognizer import registry
from recognizer.api.errors import UNAVAILABLE
from recognizer.models import ModelVersion

FILE: Final = "digitsite.cache.FileCache"
REDIS: Final = "django.core.cache.backends.redis.RedisCache"


@register(Tags.database)
def database_answers(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    if not databases:
        return []
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        hint = "Start it, or correct DATABASE_URL; without one, DATA_DIR must be writable."
        return [Error(f"The database does not answer: {error}", hint, id="digitsite.E001")]
    return _live_version_is_sound()


def _live_version_is_sound() -> list[CheckMessage]:
    """A warning, because an ancestor steps in: nobody shall be kept from migrating."""
    try:
        live = ModelVersion.objects.live().first()
    except DatabaseError:  # before the first `migrate`
        return []
    try:
        if live is not None:
            registry.load(live)
    except registry.DamagedModelError as error:
        hint = (
            "Its nearest sound ancestor reads in its place. “manage.py models verify” says which "
            "versions are sound; put one live with “manage.py models promote N”."
        )
        return [Warning(f"{live} is live and damaged: {error}.", hint, id="digitsite.W001")]
    return []


@register(Tags.caches)
def cache_is_shared(**_: Any) -> list[CheckMessage]:
    """Else a visitor has as many quotas as there are processes."""
    backend = settings.CACHES["default"]["BACKEND"]
    if int(os.environ.get("WEB_CONCURRENCY") or 1) < 2 or backend in (FILE, REDIS):
        return []
    hint = "Leave CACHES to CACHE_URL, or serve with WEB_CONCURRENCY=1."
    return [
        Error(f"Each web process counts requests alone in {backend}.", hint, id="digitsite.E002")
    ]


@register(Tags.caches, deploy=True)
def cache_counts(**_: Any) -> list[CheckMessage]:
    """Else the API answers 503."""
    try:
        cache.set("check", 0, timeout=1)
        cache.incr("check")
    except UNAVAILABLE as error:
        hint = "Start it, or correct CACHE_URL; without one, DATA_DIR must be writable."
        text = f"The cache does not count requests: {error}"
        return [Error(text, hint, id="digitsite.E003")]
    return []


@register(Tags.caches, deploy=True)
def cache_is_for_one_host(**_: Any) -> list[CheckMessage]:
    on_sqlite = settings.DATABASES["default"]["ENGINE"].endswith("sqlite3")
    if on_sqlite or settings.CACHES["default"]["BACKEND"] != FILE:
        return []
    hint = "Where several hosts serve the site, set CACHE_URL; for one host all is well."
    return [Info("Each host counts requests alone.", hint, id="digitsite.I001")]
