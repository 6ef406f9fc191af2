"""A cache backend that stores values in a SQLite file, which all processes of a host share.

The rate limits need an atomic increment that all processes share. Django's file and database caches
increment a value in two steps, so two simultaneous requests may count as one. Django's memory cache
belongs to a single process. This cache increments a value in a single statement.

A damaged file is replaced by a new one, because the cache holds nothing of lasting value. For the
same reason, a damaged value counts as missing.
"""

import json
import logging
import math
import sqlite3
import threading
import time
from collections.abc import Iterable, Mapping
from itertools import chain
from pathlib import Path
from typing import Any, Final

from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache

from digitsite.memory_fallback import MemoryFallback

TABLE = """
CREATE TABLE IF NOT EXISTS entry (key TEXT PRIMARY KEY, value, expires REAL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS entry_by_expiry ON entry (expires);
"""
UPSERT = """
INSERT INTO entry VALUES (:key, :value, :expires)
ON CONFLICT (key) DO UPDATE SET value = :value, expires = :expires
"""
# Marks values that are not numbers. Without it, most damaged values would not be recognized.
JSON_PREFIX: Final = "json:"
# In SQLite, a text and a blob are greater than each number. 9e999 is infinity.
IS_EXPIRY: Final = "expires <= 9e999"
IS_LIVE: Final = f"expires > :now AND {IS_EXPIRY}"
IS_NUMBER: Final = "value BETWEEN -1e308 AND 1e308"
IS_VALUE: Final = f"({IS_NUMBER} OR value GLOB '{JSON_PREFIX}*')"
IS_DAMAGED: Final = f"NOT coalesce({IS_EXPIRY} AND {IS_VALUE}, false)"
PURGE: Final = "DELETE FROM entry WHERE expires <= ? OR expires > 9e999 OR expires IS NULL"
# The rows of `increment_many`. An expired or damaged value counts as 0.
INCREMENT = """
INSERT INTO entry VALUES {rows}
ON CONFLICT (key) DO UPDATE SET
    value = excluded.value + CASE WHEN {is_live} AND {is_number} THEN value ELSE 0 END,
    expires = CASE WHEN {is_live} THEN expires ELSE excluded.expires END
RETURNING key, value
"""
# SQLITE_ERROR means that the table is missing or is another one.
DAMAGE: Final = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)
LOCK_TIMEOUT: Final = 5  # seconds

MISSING: Final = object()

log = logging.getLogger(__name__)
_replacing = threading.Lock()


class FileCache(BaseCache):
    """A cache of values that JSON can represent. Django creates one instance per thread."""

    def __init__(self, path: Any, params: dict[str, Any]) -> None:
        super().__init__(params)
        self._path = Path(path)
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None  # the file that the connection has opened

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        row = self._run(f"SELECT value FROM entry WHERE key = :key AND {IS_LIVE}", key, version)
        value = MISSING if row is None else _from_sql(row[0])
        return default if value is MISSING else value

    def set(
        self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> None:
        self._run(UPSERT, key, version, timeout, value=_to_sql(value))

    def add(
        self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> bool:
        self._purge()
        statement = f"{UPSERT} WHERE expires <= :now OR {IS_DAMAGED} RETURNING 1"
        return self._run(statement, key, version, timeout, value=_to_sql(value)) is not None

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        row = self._run(
            "UPDATE entry SET value = value + :delta "
            f"WHERE key = :key AND {IS_LIVE} AND {IS_NUMBER} RETURNING value",
            key,
            version,
            delta=delta,
        )
        if row is None:
            raise ValueError(f"Key {key!r} not found")
        return int(row[0])

    def increment_many(self, deltas: Mapping[str, int], timeout: int) -> dict[str, int]:
        """Add to several values at once, and return the new ones.

        A value that does not exist begins at 0, and expires after `timeout` seconds.
        """
        now = time.time()
        names = {self.make_and_validate_key(key): key for key in deltas}
        rows = [(name, deltas[key], now + timeout) for name, key in names.items()]
        marks = ", ".join(["(?, ?, ?)"] * len(rows))
        statement = INCREMENT.format(
            rows=marks, is_live=f"expires > ? AND {IS_EXPIRY}", is_number=IS_NUMBER
        )
        found = self._execute(statement, (*chain.from_iterable(rows), now, now))
        counts = {names[name]: int(value) for name, value in found}
        if any(counts[key] == delta for key, delta in deltas.items()):  # Values are new.
            self._purge()
        return counts

    def _purge(self) -> None:
        """Delete entries that are expired or have a damaged expiry.

        `add` and `increment_many` call this.
        """
        self._execute(PURGE, (time.time(),))

    def get_many(self, keys: Iterable[str], version: int | None = None) -> dict[str, Any]:
        names = {self.make_and_validate_key(key, version): key for key in keys}
        marks = ",".join("?" * len(names))
        rows = self._execute(
            f"SELECT key, value FROM entry WHERE expires > ? AND {IS_EXPIRY} AND key IN ({marks})",
            (time.time(), *names),
        )
        found = {names[key]: _from_sql(value) for key, value in rows}
        return {key: value for key, value in found.items() if value is not MISSING}

    def touch(self, key: str, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        statement = f"UPDATE entry SET expires = :expires WHERE key = :key AND {IS_LIVE}"
        return self._run(f"{statement} RETURNING 1", key, version, timeout) is not None

    def delete(self, key: str, version: int | None = None) -> bool:
        return self._run("DELETE FROM entry WHERE key = :key RETURNING 1", key, version) is not None

    def clear(self) -> None:
        self._execute("DELETE FROM entry", ())

    def _run(
        self, statement: str, key: str, version: int | None, timeout: Any = None, **values: Any
    ) -> Any:
        """Execute the statement, and return its first row, or None if it returns no row."""
        expires = self.get_backend_timeout(timeout)
        values["key"] = self.make_and_validate_key(key, version)
        values["now"] = time.time()
        values["expires"] = float("inf") if expires is None else expires
        rows = self._execute(statement, values)
        return rows[0] if rows else None

    def _execute(self, statement: str, values: Any) -> list[Any]:
        """Return the rows of the statement. If the file is damaged, replace it and try again."""
        try:
            return self._connect().execute(statement, values).fetchall()
        except sqlite3.DatabaseError as error:
            self._disconnect()
            if getattr(error, "sqlite_errorcode", 0) & 0xFF not in DAMAGE:
                raise
            log.error("%s is damaged and is replaced, so counts start again: %s", self._path, error)
        self._replace_file()
        return self._connect().execute(statement, values).fetchall()

    def _connect(self) -> sqlite3.Connection:
        """Return the connection to the file. If the file is another one by now, open that."""
        file = self._identify_file()
        if self._connection is None or file != self._file:
            self._disconnect()
            self._file = file
            self._connection = sqlite3.connect(
                self._path, timeout=LOCK_TIMEOUT, isolation_level=None
            )
            # Otherwise, a damaged text would raise an error that looks like one of the whole file.
            self._connection.text_factory = lambda text: text.decode(errors="replace")
            _set_up(self._connection)
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _identify_file(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return None
        return found.st_dev, found.st_ino

    def _replace_file(self) -> None:
        """Delete the damaged file, unless another thread or process has already replaced it."""
        with _replacing:
            if self._identify_file() == self._file:
                for suffix in ("", "-wal", "-shm"):
                    Path(f"{self._path}{suffix}").unlink(missing_ok=True)


class SQLiteCache(MemoryFallback, FileCache):
    """The cache in a file, with the memory of the process as its fallback."""

    store_errors = (sqlite3.DatabaseError, OSError)


def _set_up(connection: sqlite3.Connection) -> None:
    """Set the journal mode, and create the table. Raises `sqlite3.OperationalError` if locked."""
    # With synchronous=NORMAL, SQLite waits for the disk only at a checkpoint.
    pragmas = "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
    deadline = time.monotonic() + LOCK_TIMEOUT
    while True:
        try:
            connection.executescript(pragmas + TABLE)
        except sqlite3.OperationalError as error:
            # When several processes create the file, all but one fail at once: SQLite does not wait
            # for its lock while it changes the journal mode.
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def _to_sql(value: Any) -> Any:
    """Return a number unchanged, so that SQLite can increment it, and any other value as JSON."""
    return value if type(value) in (int, float) else f"{JSON_PREFIX}{json.dumps(value)}"


def _from_sql(value: Any) -> Any:
    """Return the value that `_to_sql` was given, or `MISSING` if it is damaged."""
    if isinstance(value, int | float) and math.isfinite(value):
        return value
    if isinstance(value, str) and value.startswith(JSON_PREFIX):
        try:
            return json.loads(value.removeprefix(JSON_PREFIX))
        except (ValueError, RecursionError):
            pass
    return MISSING
