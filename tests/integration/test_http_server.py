"""The server rejects what is not valid HTTP, logs no client data, and finishes running requests."""

import base64
import json
import re
import signal
import socket
import threading
import time
from contextlib import suppress
from urllib.parse import urlsplit

import pytest
import requests

from recognizer.ops import fair_queue, http_server
from tests.support.factories import drawing_png
from tests.support.http_server import POST, exchange, serve
from tests.support.live_site import Site

pytestmark = pytest.mark.slow

CHUNKED = b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n"


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"GET http://[ HTTP/1.1\r\n\r\n", 400),
        (b"GET\r\n\r\n", 400),
        (b"\x16\x03\x01\r\n\r\n", 400),
        (POST.replace(b"%d", b"x") % (), 400),
        (POST.replace(b"%d", b"9" * 5000) % (), 400),
        (POST.replace(b"%d", b"-1") % (), 400),
        (GET + b"X: " + 32_768 * b"x" + b"\r\n\r\n", 431),
        (CHUNKED + b"x\r\n", 400),
        (CHUNKED + b"5\r\nhello!!", 400),
        (CHUNKED + 2_000 * b"1", 400),
        (CHUNKED + b"0\r\n" + 2_000 * b"1", 400),
        (CHUNKED + 10_000 * b"1\r\nx\r\n", 400),
        (CHUNKED[:-2] + b"Content-Length: 5\r\n\r\n0\r\n\r\n", 400),
        (CHUNKED.replace(b"chunked", b"gzip"), 501),
        (b"POST / HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n", 501),
        (b"POST / HTTP/1.2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 501),
    ],
    ids=range(16),
)
def test_rejects_an_invalid_request(request_bytes, status):
    with serve() as address:
        response = exchange(address, request_bytes)
        assert response.split()[1] == str(status).encode()


def echo(environ, start_response):
    """Return the declared length, the body's length and the script name."""
    length = len(environ["wsgi.input"].read())
    body = f"{environ.get('CONTENT_LENGTH')} {length} {environ['SCRIPT_NAME']}".encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]


@pytest.mark.parametrize(
    ("length", "received", "closes"),
    [(5, 5, False), (20_000_000, 0, False), (10**11, 0, True)],
)
def test_drops_a_body_that_is_too_large(length, received, closes):
    with serve(application=echo) as address:
        request = POST % length + bytes(min(length, 20_000_000) if not closes else 0)
        response = exchange(address, request)
        assert response.endswith(f"{length} {received} ".encode())
        assert (b"Connection: close" in response) == closes


def test_decodes_a_chunked_body():
    with serve(application=echo) as address:
        response = exchange(address, CHUNKED + b"5\r\nhello\r\n6;a=b\r\n world\r\n0\r\n\r\n")
        assert response.endswith(b"11 11 ")
        assert b"Connection: close" not in response


def test_drops_a_chunked_body_that_is_too_large():
    with serve(application=echo) as address:
        chunk = b"fffff\r\n" + bytes(0xFFFFF) + b"\r\n"
        response = exchange(address, CHUNKED + 11 * chunk)
        declared, received = response.split()[-2:]
        assert int(declared) > http_server.MAX_BODY_BYTES - 1
        assert received == b"0"


def test_api_predicts_a_chunked_image(live_site):
    body = json.dumps({"image": base64.b64encode(drawing_png(7)).decode()}).encode()
    chunks = (body[start : start + 1000] for start in range(0, len(body), 1000))
    headers = {"Content-Type": "application/json"}
    url = f"{live_site.url}/api/v1/recognize/"
    response = requests.post(url, data=chunks, headers=headers, timeout=20)
    assert response.json()["digit"] == 7


def test_expect_100_continue_with_a_huge_body_gets_the_final_response():
    with serve(application=echo) as address:
        request = POST[:-2] % 10**11 + b"Expect: 100-continue\r\n\r\n"
        assert exchange(address, request).startswith(b"HTTP/1.1 200")


def test_headers_do_not_change_the_path(live_site):
    headers = ("SCRIPT_NAME", "PATH_INFO", "Script-Name", "Path-Info", "REMOTE_ADDR", "Remote-Addr")
    forged = {name: "/admin" for name in headers}
    page = requests.get(f"{live_site.url}/privacy/", headers=forged, timeout=20)
    assert page.status_code == 200
    assert "/admin/" not in re.findall(r'href="([^"]*)"', page.text)
    assert page.text.count('href="/mine/"') > 0


def test_head_has_no_body():
    with serve(b"hello") as address:
        request = b"HEAD / HTTP/1.1\r\n\r\n"
        response = exchange(address, request)
        assert b"Content-Length: 5" in response
        assert response.endswith(b"\r\n\r\n")


def test_urgent_data_closes_the_connection():
    with serve() as address, socket.create_connection(address, timeout=5) as client:
        client.send(b"x", socket.MSG_OOB)
        with suppress(ConnectionResetError):
            assert client.recv(1) == b""


def test_dual_stack_address_accepts_ipv4():
    listener = http_server.listen("[::]", 0)
    with listener:
        socket.create_connection(("127.0.0.1", listener.getsockname()[1])).close()
        socket.create_connection(("::1", listener.getsockname()[1])).close()


def test_stop_finishes_running_and_arriving_requests():
    running, finish = threading.Event(), threading.Event()

    def slow(environ, start_response):
        running.set()
        finish.wait()
        return echo(environ, start_response)

    with serve(application=slow) as address:
        idle, arriving = (socket.create_connection(address, timeout=5) for _ in range(2))
        arriving.sendall(POST % 5)
        client = socket.create_connection(address, timeout=5)
        client.sendall(GET + b"\r\n")
        running.wait()
        timer = threading.Timer(1, lambda: (arriving.sendall(b"hello"), finish.set()))
        timer.start()
    assert client.recv(1000).startswith(b"HTTP/1.1 200")
    assert arriving.recv(1000).startswith(b"HTTP/1.1 200")
    assert idle.recv(1) == b""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_stops_the_site(tmp_path, number):
    with Site(tmp_path) as site:
        requests.get(site.url, timeout=20)
        site.server.send_signal(number)
        started = time.monotonic()
        assert site.server.wait(20) == 0
        assert time.monotonic() - started < 10


def test_reports_a_port_in_use(live_site):
    done = live_site.manage("serve")
    assert done.returncode == 1
    pattern = r"CommandError: Port \d+ is in use\. Try PORT=\d+\.\n"
    assert re.fullmatch(pattern, done.stderr)


def test_log_contains_no_address_and_no_query(tmp_path):
    log = tmp_path / "log"
    with Site(tmp_path, stderr=log, LOG_FORMAT="json") as site:
        parts = urlsplit(site.url)
        address = parts.hostname, parts.port
        for line in (
            b"GET /secret-path?secret HTTP/1.1 secret",
            b"secret /?secret HTTP/9",
            b"GET http://[secret HTTP/1.1",
            b"GET /?secret HTTP/1.1\r\nHost: localhost\r\nsecret",
            b"GET /privacy/?secret HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 192.0.2.7",
            b"POST /?secret HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + b"9" * 5000,
            b"GET /?secret=" + 32_768 * b"x",
        ):
            exchange(address, line + b"\r\n\r\n")
        with socket.create_connection(address) as client:  # disconnects without a response
            client.sendall(b"GET /?secret HTTP/1.1\r\nHost: localhost\r\n\r\n")
    written = [line for line in log.read_text().splitlines() if "Serving on" not in line]
    assert any("GET /privacy/ 200" in line for line in written)
    assert not re.search(r"secret|127\.0\.0\.1|192\.0\.2", "\n".join(written))


def test_head_does_not_send_a_file(tmp_path):
    """WSGI servers can send a file by themselves, past the code that omits bodies."""
    path = tmp_path / "file"
    path.write_bytes(b"content")

    def send_file(environ, start_response):
        start_response("200 OK", [("Content-Length", "7")])
        wrapper = environ.get("wsgi.file_wrapper", lambda file: iter(file.readlines()))
        return wrapper(path.open("rb"))

    with serve(application=send_file) as address:
        assert exchange(address, b"GET / HTTP/1.1\r\n\r\n").endswith(b"\r\n\r\ncontent")
        assert exchange(address, b"HEAD / HTTP/1.1\r\n\r\n").endswith(b"\r\n\r\n")


def test_refused_client_waits_while_there_are_others(monkeypatch):
    for name in ("REFUSAL_SECONDS", "MAX_LEVEL", "ACTIVE_SECONDS"):
        monkeypatch.setattr(fair_queue, name, 60)
    monkeypatch.setattr(http_server, "STOP_SECONDS", 0)  # The last request is never executed.

    def refuse_some(environ, start_response):
        is_refused = environ["PATH_INFO"] == "/refused"
        status = "429 Too Many Requests" if is_refused else "200 OK"
        start_response(status, [("Content-Length", "0")])
        return []

    def send(path):
        return exchange(address, GET.replace(b"/", path, 1) + b"\r\n")[9:12]

    paths = [b"/refused", b"/other", b"/other", b"/refused"]
    with serve(application=refuse_some, client_of=lambda one: one.requests[0].path) as address:
        assert [send(path) for path in paths] == [b"429", b"200", b"200", b""]
