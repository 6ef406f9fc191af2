"""`serve --welcome` prints the address, and a command for the same site that can be copied."""

import os
import shlex
import subprocess
import sys

import pytest

from digitsite.local_network import private_addresses
from recognizer.management.welcome import command, site_url, welcome
from tests.support.live_site import ROOT, Site


@pytest.fixture(autouse=True)
def _command_line(monkeypatch):
    monkeypatch.setattr("sys.orig_argv", [".venv/bin/python", "manage.py", "serve"])
    monkeypatch.setattr("sys.argv", ["manage.py", "serve"])
    for name in ("DATA_DIR", "DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)


def test_command_without_variables():
    assert command("createsuperuser") == ".venv/bin/python manage.py createsuperuser"


def test_command_names_the_data_folder(monkeypatch):
    monkeypatch.setenv("DATA_DIR", "/srv/my digits")
    expected = "DATA_DIR='/srv/my digits' .venv/bin/python manage.py createsuperuser"
    assert command("createsuperuser") == expected


def test_command_hides_the_password_of_the_database(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgres://ana:secret@db/digits")
    assert "secret" not in command("createsuperuser")
    assert "postgres://ana:PASSWORD@db/digits" in command("createsuperuser")


@pytest.mark.parametrize(
    ("host", "url"),
    [("127.0.0.1", "http://127.0.0.1:80/"), ("::1", "http://[::1]:80/"), ("a", "http://a:80/")],
)
def test_site_url_contains_host_port_and_prefix(settings, host, url):
    settings.PORT = 80
    assert site_url(host) == url


def test_shows_the_address_in_the_local_network_with_a_qr_code(settings):
    settings.BIND, settings.LAN_ADDRESSES = "0.0.0.0", ["192.168.1.20"]
    text = welcome(show_qr_code=True)
    assert "http://192.168.1.20:8000/" in text
    assert "0.0.0.0" not in text
    assert text.count("█") > 50
    assert "█" not in welcome(show_qr_code=False)


def allowed_hosts(**environment):
    program = "from digitsite import settings; print(*settings.ALLOWED_HOSTS)"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=Site("", ALLOWED_HOSTS="").environment | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


def test_allows_the_private_addresses_of_this_machine_if_it_serves_them(tmp_path):
    local = {"localhost", "127.0.0.1", "[::1]"}
    data = {"DATA_DIR": str(tmp_path)}
    assert set(allowed_hosts(**data)) == local
    assert set(allowed_hosts(BIND="0.0.0.0", **data)) == local | set(private_addresses())
    assert allowed_hosts(BIND="0.0.0.0", ALLOWED_HOSTS="a.example", **data) == ["a.example"]


@pytest.mark.slow
def test_printed_command_finds_the_site_that_is_served(tmp_path):
    site = Site(tmp_path / "my data", DATABASE_URL="", CACHE_URL="", PYTHONUNBUFFERED="1")
    site.prepare()
    serve = f"exec {shlex.quote(sys.executable)} manage.py serve --welcome"
    with subprocess.Popen(
        ["sh", "-c", serve], cwd=ROOT, env=site.environment, stdout=subprocess.PIPE, text=True
    ) as server:
        lines = [server.stdout.readline() for _ in range(3)]
        server.terminate()
    assert site.url in lines[1]
    create = lines[2].partition("account:")[2].strip()
    options = "--no-input --username rosa --email rosa@example.org"
    environment = {"PATH": os.environ["PATH"], "DJANGO_SUPERUSER_PASSWORD": "a long password"}
    subprocess.run(["sh", "-ec", f"{create} {options}"], cwd=ROOT, env=environment, check=True)
    found = site.manage(
        "shell",
        "-v0",
        "-c",
        "from django.contrib.auth.models import User; print(User.objects.get().username)",
    )
    assert found.stdout == "rosa\n", found.stderr
