"""New PostgreSQL databases, for tests that run `manage.py` on them."""

import os
import uuid
from contextlib import contextmanager

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

POSTGRES = os.environ.get("POSTGRES_URL") or "postgres://postgres@127.0.0.1:5432/postgres"


@contextmanager
def on_postgresql(options=""):
    """Create a database with these options of CREATE DATABASE, yield its URL, and drop it."""
    name = f"digitsite_{uuid.uuid4().hex}"
    try:
        server = psycopg.connect(POSTGRES, autocommit=True, connect_timeout=3)
    except psycopg.OperationalError as error:
        pytest.skip(f"needs PostgreSQL (set POSTGRES_URL). {error}")
    with server:
        server.execute(SQL("CREATE DATABASE {} " + options).format(Identifier(name)))
        try:
            yield f"{POSTGRES.rpartition('/')[0]}/{name}"
        finally:
            server.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))
