"""Dump a PostgreSQL database with pg_dump, and restore it with pg_restore."""

import os
import shutil
import subprocess
from pathlib import Path

from django.db import connection
from django.db.backends.postgresql.client import DatabaseClient

from recognizer.ops.backup_errors import BackupError


def dump(target: Path) -> None:
    """Write the database to the file, and read it completely to verify it."""
    if "django_migrations" not in connection.introspection.table_names():
        raise BackupError("The database has no tables of this site. Correct DATABASE_URL.")
    _run("pg_dump", "--format=custom", f"--file={target}", at_database=True)
    _verify(target)


def restore(source: Path) -> None:
    """Restore the file in one transaction. Raises `BackupError` if the database is not empty."""
    if connection.introspection.table_names():
        name = connection.settings_dict["NAME"]
        raise BackupError(
            f"The database “{name}” is not empty. Create another one (createdb), and set "
            "DATABASE_URL to it."
        )
    _verify(source)
    connection.close()
    options = ("--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction")
    _run("pg_restore", *options, str(source), at_database=True)
    tables = connection.introspection.table_names()
    if missing := _tables(source) - set(tables):
        raise BackupError(f"These tables are missing after the restore: {', '.join(missing)}.")


def _verify(path: Path) -> None:
    """Read all data of the archive. Raises `BackupError` if it is damaged or of another program."""
    if "django_migrations" not in _tables(path):
        raise BackupError(f"{path} has no tables of this site.")
    _run("pg_restore", f"--file={os.devnull}", str(path))


def _tables(path: Path) -> set[str]:
    """Return the names of the tables whose data is in the archive."""
    lines = (line.split() for line in _run("pg_restore", "--list", str(path)).splitlines())
    return {words[6] for words in lines if words[3:5] == ["TABLE", "DATA"]}


def _run(program: str, *arguments: str, at_database: bool = False) -> str:
    """Run a program of PostgreSQL, and return its output. Raises `BackupError` if it fails."""
    if not shutil.which(program):
        raise BackupError(
            f"{program} is missing. Install PostgreSQL's client programs (on Debian: apt-get "
            "install postgresql-client)."
        )
    options: list[str] = []
    variables: dict[str, str] | None = None
    if at_database:
        # As for psql: the password is in the environment, where other users cannot see it.
        words, variables = DatabaseClient.settings_to_cmd_args_env(connection.settings_dict, [])
        options = [*words[1:-1], f"--dbname={words[-1]}"]
    done = subprocess.run(
        [program, *options, *arguments],
        env={**os.environ, **(variables or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BackupError(f"{program} failed: {' '.join(done.stderr.split())}")
    return done.stdout
