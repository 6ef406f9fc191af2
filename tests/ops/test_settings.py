"""Environment variables are parsed by type, and an invalid value raises with a message."""

import os

import pytest
from django.core.exceptions import ImproperlyConfigured

from digitsite import env


def test_boolean_is_on_or_off_or_the_default(monkeypatch):
    monkeypatch.delenv("VARIABLE", raising=False)
    assert env.boolean("VARIABLE", default=True) is True
    monkeypatch.setenv("VARIABLE", "off")
    assert env.boolean("VARIABLE", default=True) is False


def test_choice_defaults_to_the_first_word(monkeypatch):
    monkeypatch.delenv("VARIABLE", raising=False)
    assert env.choice("VARIABLE", "plain", "json") == "plain"
    monkeypatch.setenv("VARIABLE", "json")
    assert env.choice("VARIABLE", "plain", "json") == "json"


def test_parses_non_negative_integer(monkeypatch):
    monkeypatch.setenv("VARIABLE", "2")
    assert env.non_negative_integer("VARIABLE", default=0) == 2


def test_splits_comma_separated_names(monkeypatch):
    monkeypatch.setenv("VARIABLE", "a.example, b.example,")
    assert env.comma_separated("VARIABLE", default="") == ["a.example", "b.example"]


def test_token_is_empty_or_long(monkeypatch):
    monkeypatch.delenv("VARIABLE", raising=False)
    assert env.token("VARIABLE") == ""
    monkeypatch.setenv("VARIABLE", "a-token-of-some-length")
    assert env.token("VARIABLE") == "a-token-of-some-length"


def test_creates_secret_key_once_and_readable_by_the_owner_alone(tmp_path, monkeypatch):
    monkeypatch.delenv("SECRET_KEY", raising=False)
    key = env.secret_key(tmp_path / "key")
    assert len(key) >= 50
    assert env.secret_key(tmp_path / "key") == key
    if os.name == "posix":
        assert (tmp_path / "key").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("value", ["yes", "1", "True"])
def test_rejects_invalid_boolean(monkeypatch, value):
    monkeypatch.setenv("VARIABLE", value)
    with pytest.raises(ImproperlyConfigured, match="VARIABLE must be on or off"):
        env.boolean("VARIABLE", default=True)


@pytest.mark.parametrize("value", ["xml", "JSON", " json"])
def test_rejects_invalid_choice(monkeypatch, value):
    monkeypatch.setenv("VARIABLE", value)
    with pytest.raises(ImproperlyConfigured, match="VARIABLE must be plain or json"):
        env.choice("VARIABLE", "plain", "json")


@pytest.mark.parametrize("value", ["-1", "1.5", "many", "²"])
def test_rejects_invalid_integer(monkeypatch, value):
    monkeypatch.setenv("VARIABLE", value)
    with pytest.raises(ImproperlyConfigured, match="VARIABLE must be a whole number"):
        env.non_negative_integer("VARIABLE", default=0)


@pytest.mark.parametrize("value", ["guess", "ñ" * 20, "two lines that are\nlong"])
def test_rejects_weak_token(monkeypatch, value):
    monkeypatch.setenv("VARIABLE", value)
    with pytest.raises(ImproperlyConfigured, match="VARIABLE must be empty, or 20"):
        env.token("VARIABLE")


def test_rejects_short_secret_key(monkeypatch, tmp_path):
    monkeypatch.setenv("SECRET_KEY", "secret")
    with pytest.raises(ImproperlyConfigured, match="at least 50"):
        env.secret_key(tmp_path / "key")


def test_reads_former_secret_keys(monkeypatch):
    assert env.secret_key_fallbacks("VARIABLE") == []
    monkeypatch.setenv("VARIABLE", f"{'a' * 50}, {'b' * 50}")
    assert env.secret_key_fallbacks("VARIABLE") == ["a" * 50, "b" * 50]


def test_rejects_short_former_secret_keys(monkeypatch):
    monkeypatch.setenv("VARIABLE", f"{'a' * 50},secret")
    with pytest.raises(ImproperlyConfigured, match="VARIABLE must have at least 50"):
        env.secret_key_fallbacks("VARIABLE")


def test_rejects_damaged_secret_key_file(monkeypatch, tmp_path):
    monkeypatch.delenv("SECRET_KEY", raising=False)
    (tmp_path / "key").write_text("")
    with pytest.raises(ImproperlyConfigured, match="is damaged"):
        env.secret_key(tmp_path / "key")


def test_uses_sqlite_by_default(monkeypatch, tmp_path):
    monkeypatch.delenv("VARIABLE", raising=False)
    assert env.database("VARIABLE", tmp_path)["NAME"] == tmp_path / "digitsite.sqlite3"
    assert env.cache("VARIABLE", tmp_path)["LOCATION"] == tmp_path / "cache.sqlite3"


def test_parses_postgresql_url(monkeypatch, tmp_path):
    monkeypatch.setenv("VARIABLE", "postgres://ana:p%40ss@db.example:5433/digits?sslmode=require")
    database = env.database("VARIABLE", tmp_path)
    assert database["ENGINE"] == "django.db.backends.postgresql"
    assert [database[name] for name in ("USER", "PASSWORD", "HOST", "PORT", "NAME")] == [
        "ana",
        "p@ss",
        "db.example",
        5433,
        "digits",
    ]
    assert database["OPTIONS"] == {
        "sslmode": "require",
        "connect_timeout": 3,
        "tcp_user_timeout": 5000,
    }
    assert (database["CONN_MAX_AGE"], database["CONN_HEALTH_CHECKS"]) == (None, True)


@pytest.mark.parametrize(
    "url", ["digits", "mysql://a/b", "sqlite:///x", "postgres://a:x/b", "postgres://a:5432/"]
)
def test_rejects_invalid_database_url(monkeypatch, tmp_path, url):
    monkeypatch.setenv("VARIABLE", url)
    with pytest.raises(ImproperlyConfigured, match=r"^VARIABLE (must|is not a valid database URL)"):
        env.database("VARIABLE", tmp_path)


def test_uses_redis_for_redis_url(monkeypatch, tmp_path):
    monkeypatch.setenv("VARIABLE", "redis://127.0.0.1:6379/1")
    assert env.cache("VARIABLE", tmp_path)["BACKEND"].endswith("RedisCache")


def test_rejects_invalid_cache_url(monkeypatch, tmp_path):
    monkeypatch.setenv("VARIABLE", "memcached://127.0.0.1")
    with pytest.raises(ImproperlyConfigured, match="VARIABLE must be redis://"):
        env.cache("VARIABLE", tmp_path)


def test_rejects_folder_that_cannot_be_created(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("VARIABLE", str(tmp_path / "file" / "data"))
    with pytest.raises(ImproperlyConfigured, match="VARIABLE must be a folder"):
        env.folder("VARIABLE", default=tmp_path)


def test_models_need_no_new_migration(db):
    from django.core.management import call_command

    call_command("makemigrations", "--check", "--dry-run")
