"""The backup and restore commands of docs/operating.md bring every row back."""

import json
import os
import re
import shutil
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.live_site import ROOT, Site
from tests.support.postgres import on_postgresql

pytestmark = pytest.mark.slow

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


@pytest.fixture
def documented():
    """Return {heading: [shell commands of the backup, shell commands of the restore]}."""
    page = (ROOT / "docs" / "operating.md").read_text()
    return {
        heading: re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
        for heading, text in re.findall(r"\n### (\w+)\n(.*?)(?=\n##)", page, re.DOTALL)
    }


@pytest.fixture
def checkout(tmp_path):
    """Return a folder that looks like a checkout with its own var/."""
    (tmp_path / ".venv").symlink_to(Path(sys.prefix))
    (tmp_path / "manage.py").symlink_to(ROOT / "manage.py")
    return tmp_path


def run(commands, checkout, **environment):
    done = subprocess.run(
        ["sh", "-euc", commands],
        cwd=checkout,
        env=os.environ | {"DATA_DIR": str(checkout / "var"), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def all_rows(site):
    """Return {(model, primary key): values} of all models."""
    dumped = site.manage("dumpdata", "--all")
    assert dumped.returncode == 0, dumped.stderr
    rows = json.loads(dumped.stdout)
    models = {row["model"] for row in rows}
    assert {"recognizer.submission", "recognizer.modelfiles"} <= models
    return {(row["model"], str(row["pk"])): row["fields"] for row in rows}


def fill(site):
    """Create the tables, store rows in them, and return the site."""
    for command in (["migrate"], ["shell", "-v0", "-c", STORE_ONE_OF_EACH]):
        done = site.manage(*command)
        assert done.returncode == 0, done.stderr
    return site


def test_documented_sqlite_backup_restores_every_row(documented, checkout):
    back_up, restore = documented["SQLite"]
    site = fill(Site(checkout / "var", DATABASE_URL=""))
    before = all_rows(site)
    run(back_up, checkout, DATABASE_URL="")
    (checkout / "var" / "digitsite.sqlite3").write_bytes(b"lost")
    output = run(restore, checkout, DATABASE_URL="")
    assert "version 2: valid" in output
    assert all_rows(site) == before


def test_documented_postgresql_backup_restores_every_row(documented, checkout):
    if not (shutil.which("pg_dump") and shutil.which("pg_restore")):
        pytest.skip("needs pg_dump and pg_restore")
    back_up, restore = documented["PostgreSQL"]
    with ExitStack() as stack:
        old, new = (stack.enter_context(on_postgresql()) for _ in range(2))
        before = all_rows(fill(Site(checkout / "var", DATABASE_URL=old)))
        run(back_up, checkout, DATABASE_URL=old)
        output = run(restore, checkout, DATABASE_URL=new)
        assert "version 2: valid" in output
        assert all_rows(Site(checkout / "var", DATABASE_URL=new)) == before
