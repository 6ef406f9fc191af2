"""/healthz/ says that the process runs, and /readyz/ that the site can serve requests."""

import pytest
from django.db import InterfaceError, OperationalError, connection

from recognizer.serving import model_registry
from tests.support.factories import corrupt
from tests.support.live_site import Site

pytestmark = pytest.mark.database


def test_returns_200_on_a_valid_site(visitor):
    assert visitor.get("/healthz/").json() == {"status": "ok"}
    assert visitor.get("/readyz/").json() == {"status": "ok", "model_version": 1}


def test_healthz_does_not_query_the_database(visitor, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert visitor.get("/healthz/").status_code == 200


def test_readyz_returns_503_without_a_valid_version(visitor):
    corrupt(model_registry.live_version())
    response = visitor.get("/readyz/")
    assert response.status_code == 503
    assert response.json()["status"] == "unavailable"
    assert "No stored version" in response.json()["reason"]
    assert visitor.get("/healthz/").status_code == 200


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_readyz_returns_503_and_logs_the_error_of_the_database(visitor, caplog, error):
    def fail(*_):
        raise error("no connection to db.example")

    assert visitor.get("/readyz/").status_code == 200
    with connection.execute_wrapper(fail):
        response = visitor.get("/readyz/")
        assert visitor.get("/healthz/").status_code == 200
    assert response.status_code == 503
    assert "database does not answer" in response.json()["reason"]
    assert "db.example" not in response.content.decode()
    assert "db.example" in caplog.text


def test_readyz_returns_503_before_the_first_migration(tmp_path):
    program = """
from django.test import Client
print(Client(SERVER_NAME="localhost").get("/readyz/").status_code)
"""
    done = Site(tmp_path, DATABASE_URL="").manage("shell", "-v0", "-c", program)
    assert done.stdout == "503\n", done.stderr


@pytest.mark.parametrize("path", ["/healthz/", "/readyz/"])
def test_rejects_post(visitor, path):
    assert visitor.post(path).status_code == 405
