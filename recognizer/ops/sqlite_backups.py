"""Copy a SQLite database while others write to it, with SQLite's online backup API."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from recognizer.ops.backup_errors import BackupError

PAGES: Final = 10_000  # of 4 KB, copied at a time; between two steps, Ctrl-C can interrupt


def copy(source: Path, target: Path) -> None:
    """Copy the database to the empty file `target`, and compare both.

    Raises `BackupError` if `source` is damaged or no database of this site, or if the copy differs.
    """
    if not source.exists():
        raise BackupError(f"There is no database {source}. Correct DATA_DIR or DATABASE_URL.")
    with (
        closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)) as old,
        closing(sqlite3.connect(target)) as new,
    ):
        # All reads in one transaction see the same state. Otherwise, each write of the site would
        # make SQLite start the copy again.
        old.execute("BEGIN")
        counts = row_counts(old, source)
        old.backup(new, pages=PAGES)
        # The copy is one file, without a write-ahead log. The site's connections turn it on again.
        new.execute("PRAGMA journal_mode=DELETE")
        [(result, *_), *_] = new.execute("PRAGMA integrity_check").fetchall()
        if result != "ok":
            raise BackupError(f"{source} is damaged: {result}.")
        if row_counts(new, target) != counts:
            raise BackupError(f"The copy of {source} differs from it.")


def require_empty(path: Path) -> None:
    """Remove the database if it has no tables. Raises `BackupError` if it has some."""
    for log in (path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
        if log.exists() and not path.exists():
            raise BackupError(f"{log} belongs to another database. Move it away.")
    if not path.exists():
        return
    with closing(sqlite3.connect(path)) as database:
        if database.execute("SELECT count(*) FROM sqlite_master").fetchone() != (0,):
            raise BackupError(
                f"{path} is not empty. Stop the site and the workers, and move {path}, {path}-wal "
                f"and {path}-shm away, if they exist."
            )
    path.unlink()


def row_counts(database: sqlite3.Connection, path: Path) -> dict[str, int]:
    """Return the number of rows of each table.

    Raises `BackupError` if the database has no migrations.
    """
    tables = [
        name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type='table'")
    ]
    if "django_migrations" not in tables:
        raise BackupError(f"{path} has no tables of this site.")
    return {
        name: database.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in tables
    }
