"""`python tests/fuzz/run.py CASES`: schemathesis, with all its checks, against the running site.

It asks what the schema allows and what it forbids, as somebody with a key that may do everything.
`DATABASE_URL` names a PostgreSQL server; the site gets a new database there.
"""

import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
from site_under_test import ROOT, Site

MAKE_A_KEY = """
from django.contrib.auth import get_user_model
from recognizer import keys
user = get_user_model().objects.create_superuser("fuzz")
print(keys.make(user, "fuzz", keys.Scope.values, by=user)[1])
"""


def main(cases):
    with (
        tempfile.TemporaryDirectory() as folder,
        new_database() as database,
        Site(folder, RATE_LIMITS="off", **database) as site,
    ):
        key = site.manage("shell", "-v0", "-c", MAKE_A_KEY).stdout.strip()
        return fuzz(site.url, key, cases)


def fuzz(url, key, cases):
    command = [
        *(Path(sys.executable).with_name("schemathesis"), "run", f"{url}/api/v1/schema/"),
        *("--max-examples", str(cases), "--continue-on-failure", "--no-color"),
        *("--header", f"Authorization: Bearer {key}"),
        *("--generation-database", "none", "--warnings", "off"),
    ]
    paths = {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"}
    return subprocess.run(command, cwd=ROOT, env=os.environ | paths, check=False).returncode


@contextmanager
def new_database():
    """In the environment of the site: SQLite's file in its folder, or a database of its own."""
    server = os.environ.get("DATABASE_URL")
    if not server:
        yield {}
        return
    name = f"fuzz_{uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            yield {"DATABASE_URL": f"{server.rpartition('/')[0]}/{name}"}
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
