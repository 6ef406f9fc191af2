"""The log contains little of what clients send: no hosts, no queries, and no long texts."""

import json
import logging

import pytest
import requests

from digitsite import request_logging
from tests.support.live_site import Site

PROXY = {"X-Forwarded-For": "192.0.2.1", "X-Forwarded-Proto": "https"}
SETTINGS = {"HTTPS": "on", "NUM_PROXIES": "1", "ALLOWED_HOSTS": "127.0.0.1"}


class LoggedSite:
    """A site behind a proxy with HTTPS, and the lines that a request adds to its log."""

    def __init__(self, url, log):
        self._url, self._log = url, log

    def lines_after(self, method, path, headers):
        before = self._log.stat().st_size
        requests.request(
            method, self._url + path, headers=PROXY | headers, timeout=20, allow_redirects=False
        )
        with self._log.open("rb") as file:
            file.seek(before)
            return file.read().decode().splitlines()


@pytest.fixture(scope="module", params=["plain", "json"])
def site(tmp_path_factory, request):
    folder = tmp_path_factory.mktemp("site")
    log = folder / "log"
    environment = SETTINGS | {"DATABASE_URL": "", "CACHE_URL": "", "LOG_FORMAT": request.param}
    with Site(folder, stderr=log, **environment) as site:
        yield LoggedSite(site.url, log)


@pytest.mark.slow
@pytest.mark.parametrize("host", ["x", "h" * 32_000])
def test_logs_no_host_that_is_not_allowed(site, host):
    lines = site.lines_after("GET", "/", {"Host": host})
    assert len(lines) <= 2
    assert "ALLOWED_HOSTS" in lines[0]
    assert "hhhh" not in lines[0]
    assert sum(map(len, lines)) < 600


@pytest.mark.slow
@pytest.mark.parametrize("header", ["Referer", "Origin"])
def test_logs_neither_origin_nor_referer_of_a_forgery(site, header):
    lines = site.lines_after("POST", "/login/", {header: "https://other.example/a?token=secret"})
    (forbidden,) = (line for line in lines if "Forbidden" in line)
    assert f"{header} checking failed" in forbidden
    assert "/login/" in forbidden
    assert "other.example" not in "".join(lines)
    assert "secret" not in "".join(lines)


@pytest.mark.slow
def test_cuts_long_paths(site):
    lines = site.lines_after("GET", f"/{'p' * 30_000}", {})
    assert any("Not Found: /pppp" in line for line in lines)
    assert all(len(line) < 1000 for line in lines)


def record(message, error=None, **extra):
    exc_info = error and (type(error), error, error.__traceback__)
    made = logging.LogRecord("recognizer", logging.ERROR, "", 0, message, (), exc_info)
    made.__dict__ |= extra
    return made


def raised(error):
    try:
        raise error
    except type(error) as caught:
        return caught


@pytest.mark.parametrize("log_format", request_logging.FORMATS)
def test_traceback_of_a_server_error_stays(log_format):
    formatter = request_logging.FORMATS[log_format]()
    error = raised(ZeroDivisionError("a mistake"))
    line = formatter.format(record("failed", error, status_code=500))
    assert "raise error" in line
    assert "ZeroDivisionError: a mistake" in line


@pytest.mark.parametrize("log_format", request_logging.FORMATS)
def test_traceback_with_a_long_text_keeps_both_ends(log_format):
    formatter = request_logging.FORMATS[log_format]()
    line = formatter.format(record("failed", raised(ValueError("x" * 1_000_000 + " the end"))))
    assert "Traceback" in line
    assert "the end" in line
    assert len(line) < 30_000


@pytest.mark.parametrize("log_format", request_logging.FORMATS)
def test_error_of_the_client_has_no_traceback(log_format):
    formatter = request_logging.FORMATS[log_format]()
    line = formatter.format(record("Bad Request", raised(ValueError("x")), status_code=400))
    assert "Traceback" not in line


def test_json_stays_valid_if_the_message_is_cut():
    line = json.loads(request_logging.JsonFormatter().format(record("é" * 10_000)))
    assert line["message"].startswith("éééé")
    assert len(line["message"]) <= 500
