"""Whether the process lives (`/healthz/`), and whether the site can do its work (`/readyz/`)."""

import pytest
from django.db import OperationalError, connection
from site_under_test import Site

from recognizer import registry
from recognizer.models import ModelFiles


def test_it_works(visitor):
    assert visitor.get("/healthz/").json() == {"status": "ok"}
    assert visitor.get("/readyz/").json() == {"status": "ok", "model_version": 1}


def test_health_does_not_ask_the_database(visitor, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert visitor.get("/healthz/").status_code == 200


def test_no_sound_version(visitor):
    registry.live_version()
    ModelFiles.objects.update(model=b"")
    response = visitor.get("/readyz/")
    assert response.status_code == 503
    assert response.json()["status"] == "unavailable"
    assert "No stored version" in response.json()["reason"]
    assert visitor.get("/healthz/").status_code == 200


def test_the_database_does_not_answer(visitor, caplog):
    assert visitor.get("/readyz/").status_code == 200
    with connection.execute_wrapper(_broken):
        response = visitor.get("/readyz/")
        assert visitor.get("/healthz/").status_code == 200
    assert response.status_code == 503
    assert "database does not answer" in response.json()["reason"]
    assert "db.example" not in response.content.decode()
    assert "db.example" in caplog.text


def _broken(*_):
    raise OperationalError("no connection to db.example")


def test_a_database_without_tables(tmp_path):
    program = """
from django.test import Client
print(Client(SERVER_NAME="localhost").get("/readyz/").status_code)
"""
    done = Site(tmp_path, DATABASE_URL="").manage("shell", "-v0", "-c", program)
    assert done.stdout == "503\n", done.stderr


@pytest.mark.parametrize("path", ["/healthz/", "/readyz/"])
def test_only_looking(visitor, path):
    assert visitor.post(path).status_code == 405
