"""The worker waits until the database answers again."""

import pytest
from django.db import OperationalError, connection

from recognizer.management.commands import worker
from recognizer.models import TrainingRun

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]


def test_waits_for_a_run_until_the_outage_is_over(monkeypatch, caplog):
    monkeypatch.setattr(worker, "RETRY_SECONDS", 0)
    monkeypatch.setattr(worker, "POLL_SECONDS", 0)
    run = TrainingRun.objects.create(options={})
    failures = iter([OperationalError("the server has stopped")] * 3)

    def fail(execute, *arguments):
        if error := next(failures, None):
            raise error
        return execute(*arguments)

    with connection.execute_wrapper(fail):
        assert worker.wait_for_run() == run
    assert caplog.text.count("the server has stopped") == 3


def test_tells_whether_the_database_answers(monkeypatch):
    assert worker.database_answers()
    monkeypatch.setitem(connection.settings_dict, "NAME", "/nowhere/database")
    assert not worker.database_answers()
    connection.close()
