"""Settings are read from the environment and from .env, and a wrong one ends in one sentence."""

import os
import shutil
import socket
import subprocess
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured

from digitsite import stores
from digitsite.env import COUNT, HOST, PORT_NUMBER, PREFIX, SECRET, TOKEN, env
from digitsite.secret_key import secret_key
from tests.support.live_site import ROOT, Site
from tests.support.postgres import POSTGRES, on_postgresql


@pytest.fixture(autouse=True)
def _not_set(monkeypatch):
    monkeypatch.delenv("VARIABLE", raising=False)


@pytest.mark.parametrize("value", ["on", "ON", "true", "True", "yes", "y", "1", "t"])
def test_reads_usual_spellings_of_on(monkeypatch, value):
    monkeypatch.setenv("VARIABLE", value)
    assert env.switch("VARIABLE", default=False) is True


@pytest.mark.parametrize("value", ["off", "Off", "false", "FALSE", "no", "n", "0"])
def test_reads_usual_spellings_of_off(monkeypatch, value):
    monkeypatch.setenv("VARIABLE", value)
    assert env.switch("VARIABLE", default=True) is False


def test_empty_variable_counts_as_not_set(monkeypatch):
    monkeypatch.setenv("VARIABLE", "")
    assert env.switch("VARIABLE", default=True) is True
    assert env.number("VARIABLE", default=3, valid=COUNT) == 3
    assert env.text("VARIABLE") == ""


def test_splits_comma_separated_names(monkeypatch):
    monkeypatch.setenv("VARIABLE", "a.example, .b.example,,[::1], 10.0.0.1,*")
    names = ["a.example", ".b.example", "[::1]", "10.0.0.1", "*"]
    assert env.names("VARIABLE", default="", valid=HOST) == names


def test_relative_path_starts_at_the_folder_of_manage_py(monkeypatch, tmp_path):
    monkeypatch.setenv("VARIABLE", "data/mnist.npz")
    assert env.file("VARIABLE", default=tmp_path) == ROOT / "data" / "mnist.npz"


def test_creates_secret_key_once_and_readable_by_the_owner_alone(tmp_path, monkeypatch):
    monkeypatch.delenv("SECRET_KEY", raising=False)
    key = secret_key(tmp_path / "key")
    assert len(key) >= 50
    assert secret_key(tmp_path / "key") == key
    if os.name == "posix":
        assert (tmp_path / "key").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("line_break", ["\n", "\r\n"])
def test_line_break_at_the_end_of_the_key_file_is_not_part_of_the_key(
    tmp_path, monkeypatch, line_break
):
    monkeypatch.delenv("SECRET_KEY", raising=False)
    key = secret_key(tmp_path / "key")
    (tmp_path / "restored").write_bytes(f"{key}{line_break}".encode())
    assert secret_key(tmp_path / "restored") == key


@pytest.mark.parametrize("value", ["maybe", "2", "on off"])
def test_rejects_invalid_switch(monkeypatch, value):
    monkeypatch.setenv("VARIABLE", value)
    with pytest.raises(ImproperlyConfigured, match=r"^VARIABLE must be on or off\.$"):
        env.switch("VARIABLE", default=True)


@pytest.mark.parametrize("value", ["0", "65536", "two", "1.5"])
def test_rejects_invalid_port(monkeypatch, value):
    monkeypatch.setenv("VARIABLE", value)
    with pytest.raises(ImproperlyConfigured, match=r"^VARIABLE must be a whole number from 1 to"):
        env.number("VARIABLE", default=1, valid=PORT_NUMBER)


@pytest.mark.parametrize("value", ["guess", "ñ" * 20, "two lines that are\nlong enough"])
def test_rejects_weak_token(monkeypatch, value):
    monkeypatch.setenv("VARIABLE", value)
    with pytest.raises(ImproperlyConfigured, match="VARIABLE must be empty, or 20"):
        env.text("VARIABLE", valid=TOKEN)


@pytest.mark.parametrize(
    "value", ["http://a.example", "a.example:8000", "a.example/", "a b", "münchen.example"]
)
def test_rejects_host_that_would_never_match(monkeypatch, value):
    monkeypatch.setenv("VARIABLE", value)
    with pytest.raises(ImproperlyConfigured, match="VARIABLE must be host names"):
        env.names("VARIABLE", default="", valid=HOST)


@pytest.mark.parametrize("value", ["digits", "/digits/", "/a b", "/数字"])
def test_rejects_invalid_prefix(monkeypatch, value):
    monkeypatch.setenv("VARIABLE", value)
    with pytest.raises(ImproperlyConfigured, match="VARIABLE must be a path such as /digits, in"):
        env.text("VARIABLE", valid=PREFIX)


def test_rejects_short_secret_key(monkeypatch, tmp_path):
    monkeypatch.setenv("SECRET_KEY", "secret")
    with pytest.raises(ImproperlyConfigured, match="at least 50"):
        secret_key(tmp_path / "key")


def test_rejects_short_former_secret_keys(monkeypatch):
    monkeypatch.setenv("VARIABLE", f"{'a' * 50},secret")
    with pytest.raises(ImproperlyConfigured, match="VARIABLE must have at least 50"):
        env.names("VARIABLE", default="", valid=SECRET)


@pytest.mark.parametrize("content", [b"", b"\xff" * 60])
def test_rejects_damaged_secret_key_file(monkeypatch, tmp_path, content):
    monkeypatch.delenv("SECRET_KEY", raising=False)
    (tmp_path / "key").write_bytes(content)
    with pytest.raises(ImproperlyConfigured, match="is damaged"):
        secret_key(tmp_path / "key")


def test_uses_sqlite_by_default(tmp_path):
    assert stores.database("VARIABLE", tmp_path)["NAME"] == tmp_path / "digitsite.sqlite3"
    assert stores.cache("VARIABLE", tmp_path)["LOCATION"] == tmp_path / "cache.sqlite3"


def test_parses_postgresql_url(monkeypatch, tmp_path):
    monkeypatch.setenv("VARIABLE", "postgres://ana:p%40ss@db.example:5433/digits?sslmode=require")
    database = stores.database("VARIABLE", tmp_path)
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
        stores.database("VARIABLE", tmp_path)


def test_uses_redis_for_redis_url(monkeypatch, tmp_path):
    monkeypatch.setenv("VARIABLE", "redis://127.0.0.1:6379/1")
    assert stores.cache("VARIABLE", tmp_path)["BACKEND"].endswith("RedisCache")


@pytest.mark.parametrize(
    "url",
    ["memcached://127.0.0.1", "redis://127.0.0.1:port/1", "redis://127.0.0.1/1?unknown_option=1"],
)
def test_rejects_invalid_cache_url(monkeypatch, tmp_path, url):
    monkeypatch.setenv("VARIABLE", url)
    with pytest.raises(ImproperlyConfigured, match=r"^VARIABLE (must be|is not a valid Redis URL)"):
        stores.cache("VARIABLE", tmp_path)


def test_rejects_folder_that_cannot_be_created(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("VARIABLE", str(tmp_path / "file" / "data"))
    with pytest.raises(ImproperlyConfigured, match="VARIABLE must be a folder"):
        env.folder("VARIABLE", default=tmp_path)


def test_models_need_no_new_migration(db):
    from django.core.management import call_command

    call_command("makemigrations", "--check", "--dry-run")


def test_reads_env_file_unless_the_environment_says_otherwise(tmp_path):
    shutil.copytree(ROOT / "digitsite", tmp_path / "digitsite")
    (tmp_path / ".env").write_text(f"PORT=8123\nNUM_PROXIES=2\nDATA_DIR={tmp_path}/data\n")
    program = "from digitsite import settings as s; print(s.PORT, s.NUM_PROXIES, s.DATA_DIR)"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "NUM_PROXIES": "3"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"8123 3 {tmp_path}/data\n"


def test_rejects_env_file_that_is_not_utf_8(tmp_path):
    shutil.copytree(ROOT / "digitsite", tmp_path / "digitsite")
    (tmp_path / ".env").write_text("PORT=8123\n", encoding="utf-16")
    shutil.copy(ROOT / "manage.py", tmp_path)
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert one_sentence(done) == f"Error: {tmp_path}/.env must be a text file in UTF-8.\n"


def one_sentence(done):
    """Return the error message of a finished process, and check that it has nothing else."""
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr
    return done.stderr


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("HTTPS", "perhaps", "HTTPS must be on or off."),
        ("LOG_FORMAT", "xml", "LOG_FORMAT must be plain or json."),
        ("MNIST_SHA256", "abc", "MNIST_SHA256 must be 64 hexadecimal digits."),
        ("DJANGO_SETTINGS_MODULE", "other.settings", "DJANGO_SETTINGS_MODULE names other.settings"),
    ],
)
def test_wrong_setting_ends_in_one_sentence(tmp_path, variable, value, message):
    done = Site(tmp_path, DATABASE_URL="").manage("migrate", **{variable: value})
    assert f"Error: {message}" in one_sentence(done)


def test_port_in_use_suggests_another(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = Site(tmp_path, DATABASE_URL="").manage("serve", PORT=str(port))
    assert f"Port {port} is in use. Try PORT=" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("command", "url", "message"),
    [
        ("migrate", "{server}/missing", "There is no database “missing” in PostgreSQL at "),
        ("models", "postgres://nobody@{address}/x", "There is no role “nobody” in PostgreSQL at "),
        ("worker", "postgres://a@127.0.0.1:1/a", "PostgreSQL does not answer at 127.0.0.1, port 1"),
    ],
)
def test_names_the_missing_database_role_or_port(tmp_path, command, url, message):
    with on_postgresql():
        pass  # skips without PostgreSQL
    server = POSTGRES.rpartition("/")[0]
    url = url.format(server=server, address=server.rpartition("@")[2])
    arguments = [command, "list"] if command == "models" else [command]
    assert message in one_sentence(Site(tmp_path, DATABASE_URL=url).manage(*arguments))


def test_says_that_postgresql_is_read_only(tmp_path):
    with on_postgresql() as url:
        site = Site(tmp_path, DATABASE_URL=url, PGOPTIONS="-c default_transaction_read_only=on")
        assert "is read-only, as a standby is." in one_sentence(site.manage("migrate"))


@pytest.mark.parametrize(
    "command", [["migrate"], ["prune_submissions", "--older-than=9", "--by=a"]]
)
def test_says_that_the_sqlite_file_is_damaged(tmp_path, command):
    (tmp_path / "digitsite.sqlite3").write_bytes(b"no database" * 100)
    done = Site(tmp_path, DATABASE_URL="").manage(*command)
    assert f"{tmp_path}/digitsite.sqlite3 is damaged." in one_sentence(done)


def test_says_that_an_argument_is_not_utf_8(tmp_path):
    site = Site(tmp_path, DATABASE_URL="")
    site.prepare()
    done = site.manage("prune_submissions", "--older-than=9", b"--by=\xff")
    assert one_sentence(done) == "Error: b'\\xff' in the arguments is not valid UTF-8.\n"


def test_asks_for_migrate_if_there_are_no_tables(tmp_path):
    done = Site(tmp_path, DATABASE_URL="").manage("changepassword", "rosa")
    assert one_sentence(done) == "Error: The database is not up to date. Run manage.py migrate.\n"
