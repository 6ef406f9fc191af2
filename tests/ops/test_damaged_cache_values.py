"""A damaged value or expiry in the cache counts as missing, and makes no request fail."""

import sqlite3
from contextlib import closing

import pytest
from django.core.cache import cache

from recognizer.review import dashboard
from tests.support.factories import drawing_png

# SQL expressions.
NO_NUMBER_OR_JSON = ["'abc'", "x'ff00'", "x'5b315d'", "NULL", "9e999", "-9e999", "'NaN'", "'[1'"]
NOT_UTF_8 = "CAST(x'ff' AS TEXT)"
DAMAGED_VALUES = [*NO_NUMBER_OR_JSON, NOT_UTF_8, "'[1]'", "'json:'", "'json:['"]
DAMAGED_EXPIRIES = ["'abc'", "x'ff00'", "NULL", NOT_UTF_8]
DAMAGED = [
    *(f"value = {value}" for value in DAMAGED_VALUES),
    *(f"expires = {expires}" for expires in DAMAGED_EXPIRIES),
]


@pytest.fixture(params=DAMAGED)
def damaged(request, settings, tmp_path):
    """Return a function that applies the parameter to all entries of a cache file of its own."""
    settings.CACHES = {
        "default": {
            "BACKEND": "digitsite.sqlite_cache.SQLiteCache",
            "LOCATION": tmp_path / "cache.sqlite3",
        }
    }

    def damage():
        with closing(sqlite3.connect(tmp_path / "cache.sqlite3")) as connection, connection:
            assert connection.execute(f"UPDATE entry SET {request.param}").rowcount

    return damage


def test_predictions_go_on(damaged, visitor):
    for _ in range(2):
        assert visitor.recognize(drawing_png(7)).status_code == 200
        damaged()
    response = visitor.recognize(drawing_png(7))
    assert response.status_code == 200
    # The damaged counts start again, and later requests count.
    assert '"recognize";r=2999' in response["RateLimit"]


def test_login_goes_on(damaged, visitor, django_user_model):
    django_user_model.objects.create_user("ana", password="a long password")
    wrong = {"username": "ana", "password": "wrong"}
    assert visitor.post("/login/", wrong).status_code == 200
    damaged()
    assert visitor.post("/login/", wrong).status_code == 200
    damaged()
    right = {"username": "ana", "password": "a long password"}
    assert visitor.post("/login/", right).status_code == 302


def test_dashboard_goes_on(damaged, reviewer_client, visitor, monkeypatch):
    monkeypatch.setattr(dashboard, "CACHE_THRESHOLD", 1)
    visitor.submit_and_get()
    for _ in range(2):
        assert reviewer_client.get("/review/dashboard/").status_code == 200
        damaged()


def test_value_is_missing_until_it_is_set_again(damaged):
    cache.set("a", 1)
    damaged()
    assert cache.get("a", "missing") == "missing"
    assert cache.get_many(["a"]) == {}
    cache.set("a", 2)
    assert cache.get("a") == 2


def test_count_starts_again(damaged):
    cache.increment_many({"a": 5}, 60)
    damaged()
    assert cache.increment_many({"a": 1}, 60) == {"a": 1}
    damaged()
    with pytest.raises(ValueError, match="not found"):
        cache.incr("a")
    cache.set("a", 3)
    assert cache.incr("a") == 4


@pytest.mark.parametrize(
    "damaged",
    [
        *(f"value = {value}" for value in ("'abc'", "NULL", "x'ff'", "9e999")),
        *(f"expires = {expires}" for expires in DAMAGED_EXPIRIES),
    ],
    indirect=True,
)
def test_added_value_replaces_a_damaged_one(damaged):
    cache.set("a", 1)
    damaged()
    assert cache.add("a", 3) is True
    assert cache.get("a") == 3


@pytest.mark.parametrize(
    "damaged", [f"expires = {expires}" for expires in DAMAGED_EXPIRIES], indirect=True
)
def test_entry_with_a_damaged_expiry_is_deleted(damaged, tmp_path):
    cache.set("a", 1)
    damaged()
    cache.add("b", 1)
    with closing(sqlite3.connect(tmp_path / "cache.sqlite3")) as connection:
        assert connection.execute("SELECT key FROM entry").fetchall() == [(":1:b",)]
