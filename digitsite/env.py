"""Read typed settings from environment variables. An empty variable counts as not set.

Each function raises `ImproperlyConfigured` if the value is invalid. The message names the variable.
"""

import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

CONNECT_TIMEOUT: Final = 3  # seconds, for PostgreSQL
NETWORK_TIMEOUT: Final = 5  # seconds until PostgreSQL's host must confirm that it received a query
CACHE_TIMEOUT: Final = 1  # second, for Redis


def boolean(name: str, default: bool) -> bool:
    """Return True for `on` and False for `off`. No other value is valid."""
    value = os.environ.get(name) or ("on" if default else "off")
    if value not in ("on", "off"):
        raise ImproperlyConfigured(f"{name} must be on or off, not {value!r}.")
    return value == "on"


def choice(name: str, *choices: str) -> str:
    """Return the value, which must be one of the choices. The first choice is the default."""
    value = os.environ.get(name) or choices[0]
    if value not in choices:
        raise ImproperlyConfigured(f"{name} must be {' or '.join(choices)}, not {value!r}.")
    return value


def non_negative_integer(name: str, default: int) -> int:
    """Return the value as an integer, which must be 0 or more."""
    value = os.environ.get(name) or str(default)
    if not (value.isascii() and value.isdigit()):
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}.")
    return int(value)


def comma_separated(name: str, default: str) -> list[str]:
    """Return the items of a comma-separated list, without surrounding spaces."""
    return [part.strip() for part in (os.environ.get(name) or default).split(",") if part.strip()]


def token(name: str) -> str:
    """Return a secret token, or an empty string. A short token is invalid: it can be guessed."""
    value = os.environ.get(name, "")
    if value and (len(value) < 20 or not value.isascii() or not value.isprintable()):
        raise ImproperlyConfigured(f"{name} must be empty, or 20 ASCII characters or more.")
    return value


def folder(name: str, default: Path) -> Path:
    """Return the path of a folder, which is created if it does not exist."""
    path = Path(os.environ.get(name) or default).resolve()
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(
            f"{name} must be a folder that can be created: {error}"
        ) from error
    return path


def database(name: str, kept_in: Path) -> dict[str, Any]:
    """Return the Django settings of the database `postgres://user:password@host:port/name`.

    If the variable is not set, return the settings of a SQLite file in the folder `kept_in`.
    """
    url = os.environ.get(name, "")
    if not url:
        _require_writable(kept_in, "digitsite.sqlite3", name)
        return _sqlite(kept_in)
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
        # of an hour. Four such requests would stop the site.
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
    """
    url = os.environ.get(name, "")
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
    return {
        "BACKEND": "digitsite.redis_cache.RedisCache",
        "LOCATION": url,
        # By default, a command waits for minutes for a host that does not answer.
        "OPTIONS": {"socket_connect_timeout": CACHE_TIMEOUT, "socket_timeout": CACHE_TIMEOUT},
    }


def secret_key(path: Path) -> str:
    """Return `SECRET_KEY`. If it is not set, return a random key from the file `path`.

    The first start of the site creates the file.
    """
    given = os.environ.get("SECRET_KEY", "")
    if given:
        if len(given) < 50:
            raise ImproperlyConfigured("SECRET_KEY must have at least 50 characters.")
        return given
    try:
        if not path.exists():
            _create_secret_key(path)
        key = path.read_text()
    except OSError as error:
        raise ImproperlyConfigured(
            f"The secret key cannot be read or created: {error}. Make DATA_DIR writable, or set "
            "SECRET_KEY."
        ) from error
    if len(key) < 50:
        raise ImproperlyConfigured(f"{path} is damaged. Delete it. This ends all sessions.")
    return key


def secret_key_fallbacks(name: str) -> list[str]:
    """Return the earlier secret keys in a comma-separated list."""
    keys = comma_separated(name, default="")
    if any(len(key) < 50 for key in keys):
        raise ImproperlyConfigured(f"Each key in {name} must have at least 50 characters.")
    return keys


def _create_secret_key(path: Path) -> None:
    """Create the file, unless another process that starts at the same moment has created it."""
    # mkstemp() makes the file readable by its owner only.
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with open(handle, "w") as file:
            file.write(secrets.token_urlsafe(50))
            file.flush()
            os.fsync(handle)
        # A link appears with its whole content, and never replaces an existing file.
        with suppress(FileExistsError):
            os.link(temporary, path)
    finally:
        os.unlink(temporary)


def _require_writable(folder: Path, file_name: str, variable: str) -> None:
    """Raise `ImproperlyConfigured` if SQLite cannot write to the file in the folder.

    SQLite creates further files in the folder.
    """
    for path in (folder, folder / file_name):
        if path.exists() and not os.access(path, os.W_OK):
            raise ImproperlyConfigured(
                f"{path} is not writable. Make DATA_DIR and its files writable, or set {variable}."
            )
