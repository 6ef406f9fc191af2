"""Log lines are plain text or JSON. During a request, they contain the request's id."""

import json
import logging
import logging.config
import re
import threading

import pytest
import requests
from django.urls import path

from digitsite import request_logging, urls
from tests.support.factories import Visitor
from tests.support.live_site import Site

LOGGERS = ("recognizer", "django.request", "digitsite.access")


class LineCollector(logging.StreamHandler):
    """A log handler that collects the formatted lines."""

    def __init__(self):
        super().__init__(self)
        self.written = []

    def write(self, text):
        self.written += text.splitlines()

    def flush(self):
        pass

    def in_format(self, log_format):
        self.setFormatter(request_logging.FORMATS[log_format]())
        return self.written


@pytest.fixture
def lines():
    handler = LineCollector()
    for name in LOGGERS:
        logging.getLogger(name).addHandler(handler)
    logging.getLogger("digitsite.access").setLevel(logging.INFO)
    yield handler
    for name in LOGGERS:
        logging.getLogger(name).removeHandler(handler)
    logging.getLogger("digitsite.access").setLevel(logging.WARNING)


def broken_view(request):
    logging.getLogger("recognizer.test").info("two\nlines")
    raise ZeroDivisionError("a mistake")


urlpatterns = [path("broken/", broken_view), *urls.urlpatterns]


@pytest.fixture
def client_of_broken_view(settings, db):
    settings.ROOT_URLCONF = "tests.ops.test_request_logging"
    return Visitor(raise_request_exception=False)


def test_json_lines_have_request_id_error_and_duration(lines, client_of_broken_view):
    written = lines.in_format("json")
    request_id = {"X-Request-ID": "from-the-proxy.1"}
    response = client_of_broken_view.get("/broken/?secret=1", headers=request_id)
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


def test_plain_lines_end_in_the_request_id(lines, client_of_broken_view):
    written = lines.in_format("plain")
    response = client_of_broken_view.get("/nothing/")
    (request_id,) = {re.search(r" \[(\w{32})\]$", line)[1] for line in written}
    assert response["X-Request-ID"] == request_id
    assert any(" WARNING django.request: Not Found: /nothing/ [" in line for line in written)


def test_line_outside_a_request_has_no_request_id(lines):
    written = lines.in_format("json")
    logging.getLogger("recognizer.test").warning("alone")
    assert "request_id" not in json.loads(written[0])
    lines.in_format("plain")
    logging.getLogger("recognizer.test").warning("alone")
    assert written[1].endswith("WARNING recognizer.test: alone")


@pytest.mark.parametrize("given", ["", " ", "two words", "x" * 65, "ñ", "a\tb", "<script>", "a,b"])
def test_replaces_an_invalid_request_id(visitor, given):
    response = visitor.get("/healthz/", headers={"X-Request-ID": given})
    assert re.fullmatch(r"[0-9a-f]{32}", response["X-Request-ID"])


def test_simultaneous_requests_have_different_ids(db):
    request_ids = set()

    def send_requests():
        for _ in range(5):
            request_ids.add(Visitor().get("/healthz/")["X-Request-ID"])

    threads = [threading.Thread(target=send_requests) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(request_ids) == 20


@pytest.mark.slow
def test_server_logs_json(tmp_path):
    with Site(tmp_path, LOG_FORMAT="json", stderr=tmp_path / "log") as site:
        response = requests.get(f"{site.url}/nothing/", headers={"X-Request-ID": "abc"}, timeout=20)
        assert response.headers["X-Request-ID"] == "abc"
    lines = (tmp_path / "log").read_text().splitlines()
    # LiteRT prints a greeting that cannot be turned off.
    written = [json.loads(line) for line in lines if "XNNPACK delegate" not in line]
    messages = [line["message"] for line in written if line.get("request_id") == "abc"]
    assert messages == ["GET /nothing/ 404", "Not Found: /nothing/"]
    assert any("Serving on" in line["message"] for line in written)
    assert any(line["message"] == "serving version 1" for line in written)


def test_rejects_an_unknown_format(tmp_path):
    done = Site(tmp_path, LOG_FORMAT="xml").manage("check")
    assert done.returncode == 1
    assert "LOG_FORMAT must be plain or json" in done.stderr
