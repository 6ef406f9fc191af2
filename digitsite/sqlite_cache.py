"""A cache backend that stores values in a SQLite file, which all processes of a host share.

The rate limits need an atomic increment that all processes share. Django's file and database caches
increment a value in two steps, so two simultaneous requests may count as one. Django's memory cache
belongs to a single process. This cache increments a value in a single statement.
"""

import json
import sqlite3
import time
from collections.abc import Iterable
from functools import cached_property
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache

TABLE = """
CREATE TABLE IF NOT EXISTS entry (key TEXT PRIMARY KEY, value, expires REAL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS entry_by_expiry ON entry (expires);
"""
UPSERT = """
INSERT INTO entry VALUES (:key, :value, :expires)
ON CONFLICT (key) DO UPDATE SET value = :value, expires = :expires
"""


class SQLiteCache(BaseCache):
    """A cache of values that JSON can represent. Django creates one instance per thread."""

    def __init__(self, path: Any, params: dict[str, Any]) -> None:
        super().__init__(params)
        self._path = path

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        row = self._run("SELECT value FROM entry WHERE key = :key AND expires > :now", key, version)
        return default if row is None else json.loads(str(row[0]))

    def set(
        self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> None:
        self._run(UPSERT, key, version, timeout, value=_to_sql(value))

    def add(
        self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> bool:
        # This is the only place that purges expired entries.
        self._run("DELETE FROM entry WHERE expires <= :now", key, version)
        statement = f"{UPSERT} WHERE expires <= :now RETURNING 1"
        return self._run(statement, key, version, timeout, value=_to_sql(value)) is not None

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        row = self._run(
            "UPDATE entry SET value = value + :delta WHERE key = :key AND expires > :now "
            "RETURNING value",
            key,
            version,
            delta=delta,
        )
        if row is None:
            raise ValueError(f"Key {key!r} not found")
        return int(row[0])

    def get_many(self, keys: Iterable[str], version: int | None = None) -> dict[str, Any]:
        names = {self.make_and_validate_key(key, version): key for key in keys}
        marks = ",".join("?" * len(names))
        rows = self._connection.execute(
            f"SELECT key, value FROM entry WHERE expires > ? AND key IN ({marks})",
            (time.time(), *names),
        )
        return {names[key]: json.loads(str(value)) for key, value in rows}

    def touch(self, key: str, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        statement = "UPDATE entry SET expires = :expires WHERE key = :key AND expires > :now"
        return self._run(f"{statement} RETURNING 1", key, version, timeout) is not None

    def delete(self, key: str, version: int | None = None) -> bool:
        return self._run("DELETE FROM entry WHERE key = :key RETURNING 1", key, version) is not None

    def clear(self) -> None:
        self._connection.execute("DELETE FROM entry")

    def _run(
        self, statement: str, key: str, version: int | None, timeout: Any = None, **values: Any
    ) -> Any:
        """Execute the statement, and return its first row, or None if it returns no row."""
        expires = self.get_backend_timeout(timeout)
        values["key"] = self.make_and_validate_key(key, version)
        values["now"] = time.time()
        values["expires"] = float("inf") if expires is None else expires
        rows = self._connection.execute(statement, values).fetchall()
        return rows[0] if rows else None

    @cached_property
    def _connection(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=20, isolation_level=None)
        # With synchronous=OFF, requests do not wait for the disk, but counts can be lost if the
        # machine crashes.
        connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;" + TABLE)
        return connection


def _to_sql(value: Any) -> Any:
    """Return a number unchanged, so that SQLite can increment it, and any other value as JSON."""
    return value if type(value) in (int, float) else json.dumps(value)
