"""Back the database up to a file, and restore it into an empty database.

A backup is a SQLite database, or an archive of pg_dump. Its file appears complete or not at all.
"""

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from django.db import connection

from recognizer.ops import postgres_backups, sqlite_backups
from recognizer.ops.backup_errors import BackupError

FORMATS: Final = {b"SQLite format 3": "sqlite", b"PGDMP": "postgresql"}


def back_up(path: Path) -> None:
    """Write the database to a new file, and verify it.

    Raises `BackupError`, `OSError` or `sqlite3.Error` if this fails. Then there is no file.
    """
    if path.exists():
        raise BackupError(f"{path} exists. Choose another name.")
    with complete_file(path) as temporary:
        if connection.vendor == "sqlite":
            sqlite_backups.copy(Path(connection.settings_dict["NAME"]), temporary)
        else:
            postgres_backups.dump(temporary)


def restore(path: Path) -> None:
    """Restore the file into the empty database of the settings, and verify the result.

    Raises `BackupError`, `OSError` or `sqlite3.Error` if this fails. Then the database stays empty.
    """
    if path.exists() and not path.is_file():  # Reading a pipe may never end.
        raise BackupError(f"{path} is not a regular file.")
    with path.open("rb") as file:
        start = file.read(15)
    vendors = [vendor for magic, vendor in FORMATS.items() if start.startswith(magic)]
    if not vendors:
        raise BackupError(f"{path} is not a backup.")
    if vendors != [connection.vendor]:
        kinds = {
            "sqlite": "SQLite: empty DATABASE_URL",
            "postgresql": "PostgreSQL: set DATABASE_URL",
        }
        raise BackupError(f"{path} is a backup of {kinds[vendors[0]]} to restore it.")
    if connection.vendor == "sqlite":
        target = Path(connection.settings_dict["NAME"])
        sqlite_backups.require_empty(target)
        with complete_file(target) as temporary:
            sqlite_backups.copy(path, temporary)
    else:
        postgres_backups.restore(path)


@contextmanager
def complete_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path in the same folder. Rename its file to `path` if nothing was raised.

    Only its owner can read the file, because a backup contains hashes of passwords. Raises
    `OSError` if no file can be created, or if `path` exists at the end.
    """
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".partial")
    except OSError as error:  # It names the temporary path, which nobody knows.
        raise OSError(error.errno, error.strerror, str(path)) from error
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file)
        try:
            os.link(temporary, path)  # Unlike renaming, this never replaces a file.
        except FileExistsError:
            raise
        except OSError as error:  # The file system has no hard links.
            if path.exists():
                text = os.strerror(errno.EEXIST)
                raise FileExistsError(errno.EEXIST, text, str(path)) from error
            temporary.rename(path)
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()
