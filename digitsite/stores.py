"""The Django settings of the database and the cache, from their URLs."""

import os
from pathlib import Path
from typing import Any, Final

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

from digitsite.env import env

CONNECT_TIMEOUT: Final = 3  # seconds, for PostgreSQL
NETWORK_TIMEOUT: Final = 5  # seconds until PostgreSQL's host must confirm that it received a query
CACHE_TIMEOUT: Final = 1  # second, for Redis


def database(name: str, kept_in: Path) -> dict[str, Any]:
    """Return the Django settings of the database `postgres://user:password@host:port/name`.

    If the variable is not set, return the settings of a SQLite file in the folder `kept_in`.

    Raises `ImproperlyConfigured` if the URL is invalid, or if the folder is not writable.
    """
    url = env.text(name)
    if not url:
        _require_writable(kept_in, "digitsite.sqlite3", name)
        return _sqlite(kept_in)
    return _postgresql(name, url)


def _postgresql(name: str, url: str) -> dict[str, Any]:
    """Return the Django settings of a PostgreSQL database.

    Raises `ImproperlyConfigured` if the URL, the value of the variable `name`, is invalid.
    """
    if not url.startswith(("postgres://", "postgresql://")):
        raise ImproperlyConfigured(
            f"{name} must be postgres://user:password@host:port/name, or empty for SQLite in "
            "DATA_DIR."
        )
    try:
        parsed = dj_database_url.parse(url)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} is not a valid database URL: {error}") from error
    if not parsed["NAME"]:
        raise ImproperlyConfigured(f"{name} must end in the name of a database.")
    options = {
        # Without a timeout, a connection to a host that does not answer can hang for minutes.
        "connect_timeout": CONNECT_TIMEOUT,
        # Without a timeout, a query to a host that has vanished occupies its thread for a quarter
        # of an hour. A few such requests would stop the site.
        "tcp_user_timeout": 1000 * NETWORK_TIMEOUT,
        **parsed.get("OPTIONS", {}),
    }
    return {
        **parsed,
        # Each of the server's few threads keeps its connection. A pool would be slower to notice
        # that PostgreSQL was restarted: requests would wait for seconds, or even fail.
        "CONN_MAX_AGE": None,
        # Before its first query, each request checks whether the connection still works. If it does
        # not, Django opens a new one at once.
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
    }


def _sqlite(folder: Path) -> dict[str, Any]:
    """Return the Django settings of a SQLite database in the folder."""
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": folder / "digitsite.sqlite3",
        "CONN_MAX_AGE": None,
        # With a database in memory, all threads of a test server would share one connection.
        "TEST": {"NAME": folder / "test.sqlite3"},
        "OPTIONS": {
            # With IMMEDIATE, simultaneous writers wait for each other. In SQLite's default mode, a
            # writer can fail at once.
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            # Each new drawing changes a page of each index, and consecutive drawings often change
            # the same page. A checkpoint copies the changed pages from the log to the database
            # file, and writes each page only once. So fewer checkpoints (after 4,000 pages, while
            # the default is 1,000) mean fewer writes.
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; "
            "PRAGMA wal_autocheckpoint=4000;",
        },
    }


def cache(name: str, kept_in: Path) -> dict[str, Any]:
    """Return the Django settings of the cache `redis://host:port/number`.

    If the variable is not set, return the settings of a SQLite file in the folder `kept_in`. All
    processes of one host share the file.

    Raises `ImproperlyConfigured` if the URL is invalid, or if the folder is not writable.
    """
    url = env.text(name)
    if not url:
        _require_writable(kept_in, "cache.sqlite3", name)
        return {
            "BACKEND": "digitsite.sqlite_cache.SQLiteCache",
            "LOCATION": kept_in / "cache.sqlite3",
        }
    if not url.startswith(("redis://", "rediss://", "unix://")):
        raise ImproperlyConfigured(
            f"{name} must be redis://host:port/number, or empty for a file in DATA_DIR."
        )
    from redis.connection import ConnectionPool  # takes memory

    try:
        # This does not connect. It raises `TypeError` for an unknown option.
        ConnectionPool.from_url(url).make_connection()
    except (ValueError, TypeError) as error:
        raise ImproperlyConfigured(f"{name} is not a valid Redis URL: {error}") from error
    return {
        "BACKEND": "digitsite.redis_cache.RedisCache",
        "LOCATION": url,
        # By default, a command waits for minutes for a host that does not answer.
        "OPTIONS": {"socket_connect_timeout": CACHE_TIMEOUT, "socket_timeout": CACHE_TIMEOUT},
    }


def _require_writable(folder: Path, file_name: str, variable: str) -> None:
    """Raise `ImproperlyConfigured` if SQLite cannot write to the file in the folder.

    SQLite creates further files in the folder.
    """
    for path in (folder, folder / file_name):
        if path.exists() and not os.access(path, os.W_OK):
            raise ImproperlyConfigured(
                f"{path} is not writable. Make DATA_DIR and its files writable, or set {variable}."
            )
