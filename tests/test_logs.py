"""What is logged: a line for people or JSON, with the id of the request that it is about."""

import json
import logging
import logging.config
import re
import subprocess
import sys
import threading

import pytest
import requests
from django.urls import path
from kit import ROOT, Visitor
from site_under_test import Site

from digitsite import logs, urls


@pytest.fixture
def lines(monkeypatch):
    """What is written with a format, line by line."""

    class Lines(logging.StreamHandler):
        def __init__(self):
            super().__init__(self)
            self.written = []

        def write(self, text):
            self.written += text.splitlines()

        def flush(self):
            pass

        def of(self, log_format):
            self.setFormatter(logs.FORMATS[log_format]())
            return self.written

    handler = Lines()
    for name in ("recognizer", "django.request", "digitsite.access"):
        logging.getLogger(name).addHandler(handler)
    logging.getLogger("digitsite.access").setLevel(logging.INFO)
    yield handler
    for name in ("recognizer", "django.request", "digitsite.access"):
        logging.getLogger(name).removeHandler(handler)
    logging.getLogger("digitsite.access").setLevel(logging.WARNING)


def broken(request):
    logging.getLogger("recognizer.test").info("two\nlines")
    raise ZeroDivisionError("a mistake")


@pytest.fixture
def site(settings, db):
    settings.ROOT_URLCONF = "test_logs"
    return Visitor(raise_request_exception=False)


def test_json(lines, site):
    written = lines.of("json")
    response = site.get("/broken/?secret=1", headers={"X-Request-ID": "from-the-proxy.1"})
    assert response["X-Request-ID"] == "from-the-proxy.1"
    first, error, access = map(json.loads, written)
    assert {line["request_id"] for line in (first, error, access)} == {"from-the-proxy.1"}
    assert (first["level"], first["logger"]) == ("info", "recognizer.test")
    assert first["message"] == "two\nlines"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", first["time"])
    assert "ZeroDivisionError: a mistake" in error["error"]
    assert access["message"] == "GET /broken/ 500"
    assert 0 <= access["seconds"] < 10
    assert "secret" not in access["message"]


def test_plain(lines, site):
    written = lines.of("plain")
    response = site.get("/nothing/")
    (name,) = {re.search(r" \[(\w{32})\]$", line)[1] for line in written}
    assert response["X-Request-ID"] == name
    assert any(" WARNING django.request: Not Found: /nothing/ [" in line for line in written)


def test_a_line_about_no_request(lines):
    written = lines.of("json")
    logging.getLogger("recognizer.test").warning("alone")
    assert "request_id" not in json.loads(written[0])
    lines.of("plain")
    logging.getLogger("recognizer.test").warning("alone")
    assert written[1].endswith("WARNING recognizer.test: alone")


@pytest.mark.parametrize("given", ["", " ", "two words", "x" * 65, "ñ", "a\tb", "<script>", "a,b"])
def test_an_id_that_is_not_well_formed(visitor, given):
    response = visitor.get("/healthz/", headers={"X-Request-ID": given})
    assert re.fullmatch(r"[0-9a-f]{32}", response["X-Request-ID"])


def test_each_request_has_its_own(db):
    names = set()

    def ask():
        for _ in range(5):
            names.add(Visitor().get("/healthz/")["X-Request-ID"])

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(names) == 20


def test_every_line_of_a_server_is_json(tmp_path):
    with Site(tmp_path, LOG_FORMAT="json", stderr=tmp_path / "log") as site:
        answer = requests.get(f"{site.url}/nothing/", headers={"X-Request-ID": "abc"}, timeout=20)
        assert answer.headers["X-Request-ID"] == "abc"
    lines = (tmp_path / "log").read_text().splitlines()
    # LiteRT's own greeting, which nothing switches off.
    written = [json.loads(line) for line in lines if "XNNPACK delegate" not in line]
    about = [line["message"] for line in written if line.get("request_id") == "abc"]
    assert about == ["GET /nothing/ 404", "Not Found: /nothing/"]
    assert any("Listening at" in line["message"] for line in written)
    assert any(line["message"] == "serving version 1" for line in written)


def test_no_other_format(tmp_path):
    done = Site(tmp_path, LOG_FORMAT="xml").manage("check")
    assert done.returncode == 1
    assert "LOG_FORMAT must be plain or json" in done.stderr


def test_the_servers_configuration_loads_no_django():
    program = "import sys, digitsite.logs; print('django' in sys.modules)"
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


urlpatterns = [path("broken/", broken), *urls.urlpatterns]
