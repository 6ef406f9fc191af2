"""With a read-only database, such as a standby, the site predicts, and storing returns 503."""

import psycopg
import pytest
from django.db import connection
from psycopg.sql import SQL, Identifier, Literal

from recognizer.management.commands import worker
from recognizer.models import RunState, TrainingRun
from recognizer.training import database_outages
from tests.support.factories import Visitor, drawing_png

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def set_read_only(transactional_db):
    """Return a function that makes the database read-only ("on"), or writable again ("off")."""
    switch = switch_sqlite if connection.vendor == "sqlite" else switch_postgresql
    yield switch
    switch("off")
    connection.close()


def switch_sqlite(value):
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA query_only = {value}")


def switch_postgresql(value):
    """Change new connections only, and let the site open one if the database is now read-only."""
    values = connection.settings_dict
    with psycopg.connect(
        host=values["HOST"], port=values["PORT"], user=values["USER"],
        password=values["PASSWORD"], dbname="postgres", autocommit=True,
    ) as server:  # fmt: skip
        option = SQL("SET default_transaction_read_only = {}").format(Literal(value))
        server.execute(SQL("ALTER DATABASE {} ").format(Identifier(values["NAME"])) + option)
    if value == "on":
        connection.close()


@pytest.fixture
def visitor(set_read_only):
    return Visitor(raise_request_exception=False)


def test_storing_is_503_and_predicting_goes_on(visitor, set_read_only):
    row = visitor.submit_and_get(drawing_png(7))
    set_read_only("on")
    path = f"/api/v1/submissions/{row.pk}/"
    for response in (
        visitor.submit(drawing_png(3)),
        visitor.correct(row.pk, 3),
        visitor.delete(path),
        visitor.post("/mine/memory/forget/"),
    ):
        assert response.status_code == 503
    assert visitor.recognize(drawing_png(3)).status_code == 200
    assert visitor.get(path).status_code == visitor.get("/mine/").status_code == 200
    set_read_only("off")
    visitor.submit(drawing_png(3))  # This connection may still be read-only.
    assert visitor.submit(drawing_png(3)).status_code in (200, 201)


def test_waiting_run_stays_in_the_queue(set_read_only, monkeypatch, caplog):
    monkeypatch.setattr(database_outages, "OUTAGE_SECONDS", 0)
    monkeypatch.setattr(worker, "RETRY_SECONDS", 0)
    run = TrainingRun.objects.create(options={})
    set_read_only("on")
    worker.execute_next_run()
    run.refresh_from_db()
    assert run.state == RunState.WAITING
    assert "The database does not answer" in caplog.text
