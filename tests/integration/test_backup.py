"""`backup` and `restore` bring every row back, and never leave half a file or half a database."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from contextlib import ExitStack, nullcontext

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from recognizer.ops import backups, sqlite_backups
from tests.support.live_site import ROOT, Site
from tests.support.postgres import on_postgresql

STORE_ONE_OF_EACH = """
import json
from django.contrib.auth.models import User
from recognizer.accounts.api_keys import create_key
from recognizer.models import Label, Submission
from recognizer.serving.model_registry import live_version, promote
from tests.support.factories import Visitor, create_version, drawing_png
rosa = User.objects.create_superuser("rosa", password="a long password")
visitor = Visitor(SERVER_NAME="localhost")
strokes = json.dumps([[[1, 2, 0], [3, 4, 9]]])
stored = [visitor.submit(drawing_png(digit), strokes=strokes) for digit in range(10)]
assert all(response.status_code == 201 for response in stored)
first, second, *_ = Submission.objects.all()
first.correct(Label.SEVEN)
first.approve(rosa, Label.SEVEN)
second.reject(rosa)
promote(create_version(live_version()), by="a test")
create_key(rosa, "a program", ["read"], by=rosa)
"""
needs_sqlite = pytest.mark.skipif(bool(os.environ.get("DATABASE_URL")), reason="tests SQLite")


def all_rows(site):
    """Return {(model, primary key): values} of all models."""
    dumped = site.manage("dumpdata", "--all")
    assert dumped.returncode == 0, dumped.stderr
    rows = json.loads(dumped.stdout)
    models = {row["model"] for row in rows}
    assert {"recognizer.submission", "recognizer.modelfiles"} <= models
    return {(row["model"], str(row["pk"])): row["fields"] for row in rows}


def manage(site, *arguments):
    done = site.manage(*arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def refusal(site, *arguments):
    """Return the error message of a command that changes nothing."""
    done = site.manage(*arguments)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "Nothing was" in done.stderr
    return done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_restore_brings_every_row_back(tmp_path, database):
    if database == "postgresql" and not shutil.which("pg_dump"):
        pytest.skip("needs pg_dump and pg_restore")
    new_database = on_postgresql if database == "postgresql" else lambda: nullcontext("")
    with ExitStack() as stack:
        old, new = (stack.enter_context(new_database()) for _ in range(2))
        site = Site(tmp_path / "old", DATABASE_URL=old, CACHE_URL="")
        site.prepare()
        manage(site, "shell", "-v0", "-c", STORE_ONE_OF_EACH)
        file = tmp_path / "backup"
        assert f"Wrote and verified {file}" in manage(site, "backup", str(file))
        assert file.stat().st_mode & 0o077 == 0
        assert "exists. Choose another name." in refusal(site, "backup", str(file))
        assert "is not empty" in refusal(site, "restore", str(file))
        other = Site(tmp_path / "new", DATABASE_URL=new, CACHE_URL="")
        assert f"Restored and verified {file}" in manage(other, "restore", str(file))
        assert "version 2: valid" in manage(other, "models", "verify")
        assert all_rows(other) == all_rows(site)
    assert list(tmp_path.glob("**/*backup*")) == [file]


@pytest.mark.slow
def test_refuses_a_damaged_postgresql_backup(tmp_path):
    if not shutil.which("pg_dump"):
        pytest.skip("needs pg_dump and pg_restore")
    file = tmp_path / "backup"
    with on_postgresql() as url, on_postgresql() as empty:
        site = Site(tmp_path / "data", DATABASE_URL=url, CACHE_URL="")
        assert "has no tables of this site" in refusal(site, "backup", str(file))
        manage(site, "migrate")
        manage(site, "backup", str(file))
        file.write_bytes(file.read_bytes()[:-2000])
        other = Site(tmp_path / "data", DATABASE_URL=empty, CACHE_URL="")
        assert "pg_restore failed" in refusal(other, "restore", str(file))
        other = Site(tmp_path / "data", DATABASE_URL="", CACHE_URL="")
        assert "is a backup of PostgreSQL: set DATABASE_URL" in refusal(other, "restore", str(file))
        no_tools = {"PATH": str(tmp_path), "DATABASE_URL": url}
        done = site.manage("backup", str(tmp_path / "other"), **no_tools)
        assert "pg_dump is missing. Install PostgreSQL's client programs" in done.stderr


@needs_sqlite
@pytest.mark.django_db(transaction=True)
def test_backs_up_while_others_write(tmp_path, visitor, monkeypatch):
    monkeypatch.setattr(sqlite_backups, "PAGES", 1)
    file, stop = tmp_path / "backup", threading.Event()
    source = sqlite_file()

    def write():
        import sqlite3

        with sqlite3.connect(source, timeout=20) as database:
            while not stop.is_set():
                database.execute("UPDATE django_migrations SET name = name")
                database.commit()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        call_command("backup", str(file), verbosity=0)
    finally:
        stop.set()
        writer.join()
    assert file.stat().st_size > 100_000


@needs_sqlite
@pytest.mark.django_db(transaction=True)
def test_leaves_no_file_if_the_disk_is_full(tmp_path, monkeypatch):
    def fill(source, target):
        target.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(sqlite_backups, "copy", fill)
    with pytest.raises(CommandError, match=r"No space left on device\. Nothing was written\."):
        call_command("backup", str(tmp_path / "backup"))
    assert list(tmp_path.glob("*backup*")) == []


def test_never_replaces_a_file_that_appears_during_the_backup(tmp_path):
    file = tmp_path / "backup"
    with pytest.raises(FileExistsError), backups.complete_file(file):
        file.write_text("of another backup")
    assert file.read_text() == "of another backup"
    assert list(tmp_path.glob("*backup*")) == [file]


INTERRUPTED = """
import os, signal, sys
from django.core.management import call_command
import django; django.setup()
from recognizer.ops import sqlite_backups
signal.signal(signal.SIGTERM, signal.default_int_handler)
def slow(source, target):
    target.write_bytes(b"half"); os.kill(os.getpid(), signal.SIGTERM)
sqlite_backups.copy = slow
call_command("backup", sys.argv[1])
"""


def test_interrupted_backup_leaves_no_file(tmp_path):
    environment = Site(tmp_path, DATABASE_URL="").environment
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, str(tmp_path / "backup")],
        cwd=ROOT,
        env=environment | {"DJANGO_SETTINGS_MODULE": "digitsite.settings"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Interrupted. Nothing was written." in done.stderr, signal.SIGTERM
    assert list(tmp_path.glob("*backup*")) == []


def sqlite_file():
    from django.db import connection

    return connection.settings_dict["NAME"]


@needs_sqlite
def test_refuses_a_database_that_does_not_exist(tmp_path):
    site = Site(tmp_path, DATABASE_URL="")
    assert "There is no database" in refusal(site, "backup", str(tmp_path / "backup"))
    assert list(tmp_path.glob("*backup*")) == []


@needs_sqlite
@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "is not a backup."), (b"SQLite format 3\0" + bytes(4000), "Nothing was restored.")],
)
def test_refuses_a_file_that_is_no_backup(tmp_path, content, message):
    file = tmp_path / "backup"
    file.write_bytes(content)
    site = Site(tmp_path / "data", DATABASE_URL="")
    assert message in refusal(site, "restore", str(file))
    assert not (tmp_path / "data" / "digitsite.sqlite3").exists()


def test_refuses_a_pipe(tmp_path):
    os.mkfifo(tmp_path / "backup")
    message = refusal(Site(tmp_path / "data"), "restore", str(tmp_path / "backup"))
    assert "backup is not a regular file. Nothing was restored." in message
