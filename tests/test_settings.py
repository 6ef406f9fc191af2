"""The knobs: typed, refusing nonsense with a sentence; and no start with a weak key."""

import os

import pytest
from django.core.exceptions import ImproperlyConfigured

from digitsite import env


def test_flag(monkeypatch):
    monkeypatch.delenv("KNOB", raising=False)
    assert env.flag("KNOB", default=True) is True
    monkeypatch.setenv("KNOB", "off")
    assert env.flag("KNOB", default=True) is False


def test_one_of(monkeypatch):
    monkeypatch.delenv("KNOB", raising=False)
    assert env.one_of("KNOB", "plain", "json") == "plain"
    monkeypatch.setenv("KNOB", "json")
    assert env.one_of("KNOB", "plain", "json") == "json"


def test_whole_number(monkeypatch):
    monkeypatch.setenv("KNOB", "2")
    assert env.whole_number("KNOB", default=0) == 2


def test_names(monkeypatch):
    monkeypatch.setenv("KNOB", "a.example, b.example,")
    assert env.names("KNOB", default="") == ["a.example", "b.example"]


def test_token(monkeypatch):
    monkeypatch.delenv("KNOB", raising=False)
    assert env.token("KNOB") == ""
    monkeypatch.setenv("KNOB", "a-token-of-some-length")
    assert env.token("KNOB") == "a-token-of-some-length"


def test_a_key_is_made_once_and_only_for_us(tmp_path, monkeypatch):
    monkeypatch.delenv("SECRET_KEY", raising=False)
    key = env.secret_key(tmp_path / "key")
    assert len(key) >= 50
    assert env.secret_key(tmp_path / "key") == key
    if os.name == "posix":
        assert (tmp_path / "key").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("value", ["yes", "1", "True"])
def test_no_flag(monkeypatch, value):
    monkeypatch.setenv("KNOB", value)
    with pytest.raises(ImproperlyConfigured, match="KNOB must be on or off"):
        env.flag("KNOB", default=True)


@pytest.mark.parametrize("value", ["xml", "JSON", " json"])
def test_none_of_them(monkeypatch, value):
    monkeypatch.setenv("KNOB", value)
    with pytest.raises(ImproperlyConfigured, match="KNOB must be plain or json"):
        env.one_of("KNOB", "plain", "json")


@pytest.mark.parametrize("value", ["-1", "1.5", "many", "²"])
def test_no_whole_number(monkeypatch, value):
    monkeypatch.setenv("KNOB", value)
    with pytest.raises(ImproperlyConfigured, match="KNOB must be a whole number"):
        env.whole_number("KNOB", default=0)


@pytest.mark.parametrize("value", ["guess", "ñ" * 20, "two lines that are\nlong"])
def test_no_token(monkeypatch, value):
    monkeypatch.setenv("KNOB", value)
    with pytest.raises(ImproperlyConfigured, match="KNOB must be empty, or 20"):
        env.token("KNOB")


def test_a_short_key(monkeypatch, tmp_path):
    monkeypatch.setenv("SECRET_KEY", "secret")
    with pytest.raises(ImproperlyConfigured, match="at least 50"):
        env.secret_key(tmp_path / "key")


def test_a_damaged_key_file(monkeypatch, tmp_path):
    monkeypatch.delenv("SECRET_KEY", raising=False)
    (tmp_path / "key").write_text("")
    with pytest.raises(ImproperlyConfigured, match="is damaged"):
        env.secret_key(tmp_path / "key")


def test_sqlite_by_default(monkeypatch, tmp_path):
    monkeypatch.delenv("KNOB", raising=False)
    assert env.database("KNOB", tmp_path)["NAME"] == tmp_path / "digitsite.sqlite3"
    assert env.cache("KNOB", tmp_path)["LOCATION"] == tmp_path / "cache.sqlite3"


def test_postgresql(monkeypatch, tmp_path):
    monkeypatch.setenv("KNOB", "postgres://ana:p%40ss@db.example:5433/digits?sslmode=require")
    found = env.database("KNOB", tmp_path)
    assert found["ENGINE"] == "django.db.backends.postgresql"
    assert [found[name] for name in ("USER", "PASSWORD", "HOST", "PORT", "NAME")] == [
        "ana",
        "p@ss",
        "db.example",
        5433,
        "digits",
    ]
    assert found["OPTIONS"] == {
        "sslmode": "require",
        "connect_timeout": 3,
        "pool": {"timeout": 3, "reconnect_timeout": 3},
    }
    assert found["CONN_MAX_AGE"] == 0


@pytest.mark.parametrize(
    "url", ["digits", "mysql://a/b", "sqlite:///x", "postgres://a:x/b", "postgres://a:5432/"]
)
def test_no_database(monkeypatch, tmp_path, url):
    monkeypatch.setenv("KNOB", url)
    with pytest.raises(ImproperlyConfigured, match=r"^KNOB (must|is no address)"):
        env.database("KNOB", tmp_path)


def test_redis(monkeypatch, tmp_path):
    monkeypatch.setenv("KNOB", "redis://127.0.0.1:6379/1")
    assert env.cache("KNOB", tmp_path)["BACKEND"].endswith("RedisCache")


def test_no_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("KNOB", "memcached://127.0.0.1")
    with pytest.raises(ImproperlyConfigured, match="KNOB must be redis://"):
        env.cache("KNOB", tmp_path)


def test_no_folder(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("KNOB", str(tmp_path / "file" / "data"))
    with pytest.raises(ImproperlyConfigured, match="KNOB must be a folder"):
        env.folder("KNOB", default=tmp_path)


def test_the_migrations_are_complete(db):
    from django.core.management import call_command

    call_command("makemigrations", "--check", "--dry-run")
