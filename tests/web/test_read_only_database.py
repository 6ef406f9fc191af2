"""With a read-only database, such as a standby, the site predicts, and storing returns 503."""

import pytest
from django.db import connection

from recognizer.management.commands import worker
from recognizer.models import RunState, TrainingRun
from recognizer.training import database_outages
from tests.support.factories import Visitor, drawing_png

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]

SWITCH = {
    "postgresql": "SET default_transaction_read_only = {}",
    "sqlite": "PRAGMA query_only = {}",
}


@pytest.fixture
def set_read_only(transactional_db):
    """Return a function that makes the database read-only, or writable again."""

    def switch(value):
        with connection.cursor() as cursor:
            cursor.execute(SWITCH[connection.vendor].format(value))

    yield switch
    switch("off")


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
    assert visitor.submit(drawing_png(3)).status_code == 201


def test_waiting_run_stays_in_the_queue(set_read_only, monkeypatch, caplog):
    monkeypatch.setattr(database_outages, "OUTAGE_SECONDS", 0)
    monkeypatch.setattr(worker, "RETRY_SECONDS", 0)
    run = TrainingRun.objects.create(options={})
    set_read_only("on")
    worker.execute_next_run()
    run.refresh_from_db()
    assert run.state == RunState.WAITING
    assert "The database does not answer" in caplog.text
