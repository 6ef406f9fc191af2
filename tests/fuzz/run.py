"""`python -m tests.fuzz.run CASES`: start the site and run all checks of schemathesis on it.

Schemathesis sends valid and invalid requests with the API key of a superuser, about CASES for each
operation. If `DATABASE_URL` is the URL of a PostgreSQL server, the site gets a new database there.
"""

import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg

from tests.support.live_site import ROOT, Site

CREATE_KEY = """
from django.contrib.auth import get_user_model
from recognizer.accounts.api_keys import create_key
from recognizer.models import Scope
user = get_user_model().objects.create_superuser("fuzz")
print(create_key(user, "fuzz", Scope.values, by=user)[1])
"""


def main(cases):
    with (
        tempfile.TemporaryDirectory() as folder,
        new_database() as database,
        Site(folder, RATE_LIMITS="off", **database) as site,
    ):
        key = site.manage("shell", "-v0", "-c", CREATE_KEY).stdout.strip()
        return fuzz(site.url, key, cases)


def fuzz(url, key, cases):
    command = [
        *(Path(sys.executable).with_name("schemathesis"), "run", f"{url}/api/v1/schema/"),
        *("--max-examples", str(cases), "--continue-on-failure", "--no-color"),
        *("--header", f"Authorization: Bearer {key}"),
        *("--generation-database", "none", "--warnings", "off"),
    ]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}  # so that the hooks can be imported
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


@contextmanager
def new_database():
    """Yield the environment for a new database: empty for SQLite, a URL for PostgreSQL."""
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
