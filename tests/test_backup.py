"""A backup is one dump of the database. What runs here are the lines of docs/operating.md."""

import json
import os
import re
import shutil
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest
from databases import on_postgresql
from site_under_test import ROOT, Site

SOMETHING_OF_EVERYTHING = """
import json
from django.contrib.auth.models import User
from kit import Visitor, drawing, new_version
from recognizer import keys, registry
from recognizer.models import Answer, Submission
rosa = User.objects.create_superuser("rosa", password="a long password")
visitor = Visitor(SERVER_NAME="localhost")
strokes = json.dumps([[[1, 2, 0], [3, 4, 9]]])
stored = [visitor.submit(drawing(digit), strokes=strokes) for digit in range(10)]
assert all(answer.status_code == 201 for answer in stored)
first, second, *_ = Submission.objects.all()
first.correct(Answer.SEVEN)
first.approve(rosa, Answer.SEVEN)
second.reject(rosa)
registry.promote(new_version(registry.live_version()), by="a test")
keys.make(rosa, "a program", ["read"], by=rosa)
"""


@pytest.fixture
def lines():
    """{heading: [the shell's lines to back up, those to restore]} of the docs."""
    page = (ROOT / "docs" / "operating.md").read_text()
    return {
        heading: re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
        for heading, text in re.findall(r"\n### (\w+)\n(.*?)(?=\n##)", page, re.DOTALL)
    }


@pytest.fixture
def here(tmp_path):
    """A folder that looks like a checkout, with a var/ of its own."""
    (tmp_path / ".venv").symlink_to(Path(sys.prefix))
    (tmp_path / "manage.py").symlink_to(ROOT / "manage.py")
    return tmp_path


def run(commands, here, **environment):
    done = subprocess.run(
        ["sh", "-euc", commands],
        cwd=here,
        env=os.environ | {"DATA_DIR": str(here / "var"), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def rows(site):
    """Every row of every table."""
    dumped = site.manage("dumpdata", "--all")
    assert dumped.returncode == 0, dumped.stderr
    found = json.loads(dumped.stdout)
    kinds = {row["model"] for row in found}
    assert {"recognizer.submission", "recognizer.modelfiles", "sessions.session"} <= kinds
    return {(row["model"], str(row["pk"])): row["fields"] for row in found}


def filled(site):
    for command in (["migrate"], ["shell", "-v0", "-c", SOMETHING_OF_EVERYTHING]):
        done = site.manage(*command, PYTHONPATH=str(ROOT / "tests"))
        assert done.returncode == 0, done.stderr
    return site


def test_sqlite(lines, here):
    back_up, restore = lines["SQLite"]
    site = filled(Site(here / "var", DATABASE_URL=""))
    before = rows(site)
    run(back_up, here, DATABASE_URL="")
    (here / "var" / "digitsite.sqlite3").write_bytes(b"lost")
    said = run(restore, here, DATABASE_URL="")
    assert "version 2: sound" in said
    assert rows(site) == before


def test_postgresql(lines, here):
    if not (shutil.which("pg_dump") and shutil.which("pg_restore")):
        pytest.skip("left out: needs pg_dump and pg_restore")
    back_up, restore = lines["PostgreSQL"]
    with ExitStack() as stack:
        old, new = (stack.enter_context(on_postgresql()) for _ in range(2))
        before = rows(filled(Site(here / "var", DATABASE_URL=old)))
        run(back_up, here, DATABASE_URL=old)
        said = run(restore, here, DATABASE_URL=new)
        assert "version 2: sound" in said
        assert rows(Site(here / "var", DATABASE_URL=new)) == before
