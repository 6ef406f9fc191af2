"""Settings from environment variables, typed; nonsense stops the start with a sentence."""

import os
import secrets
from pathlib import Path
from typing import Any, Final

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

PATIENCE: Final = 3  # seconds for a connection to the database


def flag(name: str, default: bool) -> bool:
    """`on` or `off`."""
    value = os.environ.get(name) or ("on" if default else "off")
    if value not in ("on", "off"):
        raise ImproperlyConfigured(f"{name} must be on or off, not {value!r}.")
    return value == "on"


def one_of(name: str, *words: str) -> str:
    """One of the words; the first is the default."""
    value = os.environ.get(name) or words[0]
    if value not in words:
        raise ImproperlyConfigured(f"{name} must be {' or '.join(words)}, not {value!r}.")
    return value


def whole_number(name: str, default: int) -> int:
    """A whole number, 0 or more."""
    value = os.environ.get(name) or str(default)
    if not (value.isascii() and value.isdigit()):
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}.")
    return int(value)


def names(name: str, default: str) -> list[str]:
    """Names with commas between them."""
    return [part.strip() for part in (os.environ.get(name) or default).split(",") if part.strip()]


def token(name: str) -> str:
    """What a program shows to be let in, or nothing; too long to be guessed."""
    value = os.environ.get(name, "")
    if value and (len(value) < 20 or not value.isascii() or not value.isprintable()):
        raise ImproperlyConfigured(f"{name} must be empty, or 20 ASCII characters or more.")
    return value


def folder(name: str, default: Path) -> Path:
    """A folder of ours, made when missing."""
    path = Path(os.environ.get(name) or default).resolve()
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(f"{name} must be a folder that can be made: {error}") from error
    return path


def database(name: str, kept_in: Path) -> dict[str, Any]:
    """`postgres://user:password@host:port/name`; by default SQLite in the folder `kept_in`."""
    url = os.environ.get(name, "")
    if not url:
        return _sqlite(kept_in)
    if not url.startswith(("postgres://", "postgresql://")):
        raise ImproperlyConfigured(
            f"{name} must be postgres://user:password@host:port/name, or empty for SQLite in "
            "DATA_DIR."
        )
    try:
        parsed = dj_database_url.parse(url)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} is no address of a database: {error}") from error
    if not parsed["NAME"]:
        raise ImproperlyConfigured(f"{name} must end in the name of a database.")
    options = {
        # Or an attempt at a host that never answers would go on when that is back already.
        "connect_timeout": PATIENCE,
        **parsed.get("OPTIONS", {}),
        # Who waits for a connection holds a thread, and /healthz/ needs one. By default the pool
        # tries again ever less often, for minutes; given up, it tries when next it is asked.
        "pool": {"timeout": PATIENCE, "reconnect_timeout": PATIENCE},
    }
    # The pool keeps connections open, so Django must not.
    return {**parsed, "CONN_MAX_AGE": 0, "OPTIONS": options}


def _sqlite(folder: Path) -> dict[str, Any]:
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": folder / "digitsite.sqlite3",
        "CONN_MAX_AGE": None,
        # A file, because the threads of a test server cannot share a database in memory.
        "TEST": {"NAME": folder / "test.sqlite3"},
        "OPTIONS": {
            # So that several writers wait for each other instead of failing.
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            # A drawing changes a page in each index, mostly the same ones as the last: the log is
            # copied into the database every 4,000 pages of 4 KB, not every 1,000.
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; "
            "PRAGMA wal_autocheckpoint=4000;",
        },
    }


def cache(name: str, kept_in: Path) -> dict[str, Any]:
    """`redis://host:port/number`; by default a file that the processes of one host share."""
    url = os.environ.get(name, "")
    if not url:
        return {"BACKEND": "digitsite.cache.FileCache", "LOCATION": kept_in / "cache.sqlite3"}
    if not url.startswith(("redis://", "rediss://", "unix://")):
        raise ImproperlyConfigured(
            f"{name} must be redis://host:port/number, or empty for a file in DATA_DIR."
        )
    return {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": url}


def secret_key(kept_in: Path) -> str:
    """`SECRET_KEY`, or else a random one, made at the first start and kept in a file."""
    given = os.environ.get("SECRET_KEY", "")
    if given:
        if len(given) < 50:
            raise ImproperlyConfigured("SECRET_KEY must have at least 50 characters.")
        return given
    try:
        # Mode "x": of two processes that start at once, one makes the key and both use it.
        with open(kept_in, "x", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            file.write(secrets.token_urlsafe(50))
    except FileExistsError:
        pass
    key = kept_in.read_text()
    if len(key) < 50:
        raise ImproperlyConfigured(f"{kept_in} is damaged: delete it (visitors are logged out).")
    return key
