"""Slow clients hold connections, but no thread: the server answers the others, and has deadlines.

`make bench-slow-clients` measures the response times with 200 slow clients.
"""

import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

import pytest
import requests

from benchmarks.slow_clients import ALL, slow_clients
from recognizer.ops import http_channel, http_request, http_server
from tests.support.factories import drawing_png
from tests.support.http_server import POST, exchange, serve
from tests.support.live_site import ROOT

pytestmark = pytest.mark.slow


def test_answers_others_despite_40_slow_clients(live_site):
    address = urlsplit(live_site.url)
    with slow_clients(address.hostname, address.port, ALL, 40):
        for seed in range(10):
            files = {"image": drawing_png(seed=seed)}
            api = f"{live_site.url}/api/v1/recognize/"
            assert requests.post(api, files=files, timeout=10).status_code == 200


@pytest.mark.parametrize(
    ("start", "repeated"),
    [
        (b"GET / HTTP/1.1\r\nX-Slow: ", b"x"),
        (POST % 1_000_000, b"x"),
        (POST % 50_000_000, b"x"),
        (POST % 20, b""),
        (b"", b""),
    ],
    ids=["header", "body", "refused body", "incomplete body", "nothing"],
)
def test_closes_a_connection_after_its_deadline(monkeypatch, start, repeated):
    monkeypatch.setattr(http_request, "RECEIVE_SECONDS", 1)
    monkeypatch.setattr(http_channel, "IDLE_SECONDS", 1)
    with serve() as address, socket.create_connection(address) as client:
        client.sendall(start)
        client.settimeout(0.2)
        started = time.monotonic()
        while time.monotonic() < started + 20:
            try:
                client.sendall(repeated)
                if client.recv(1) == b"":
                    break
            except TimeoutError:
                pass
            except OSError:
                break
        assert 0.5 < time.monotonic() - started < 10


def test_closes_a_connection_that_reads_no_response(monkeypatch):
    monkeypatch.setattr(http_channel, "SEND_SECONDS", 0.5)
    # The buffers of the operating systems take some megabytes.
    monkeypatch.setattr(http_channel, "SEND_BYTES_PER_SECOND", 10**12)
    with serve(bytes(30_000_000)) as address, socket.create_connection(address) as client:
        client.sendall(b"GET / HTTP/1.1\r\n\r\n")
        time.sleep(2.5)
        received = 0
        while data := client.recv(1_000_000):
            received += len(data)
        assert received < 30_000_000


def test_a_fast_client_may_send_a_large_body_for_long(monkeypatch):
    monkeypatch.setattr(http_request, "RECEIVE_SECONDS", 1)
    with serve() as address, socket.create_connection(address) as client:
        client.sendall(POST % 50_000)
        for _ in range(10):
            client.sendall(bytes(5_000))
            time.sleep(0.4)
        assert client.recv(1000).startswith(b"HTTP/1.1 200")


def is_closed(client):
    """Wait until the server closes the connection, even if it has not read everything."""
    try:
        return client.recv(1) == b""
    except ConnectionResetError:
        return True


def test_the_longest_waiting_connection_makes_room(monkeypatch):
    monkeypatch.setattr(http_server, "MAX_CONNECTIONS", 10)
    with serve() as address:
        clients = [socket.create_connection(address) for _ in range(30)]
        for client in clients:
            client.sendall(b"GET / HTTP/1.1\r\n")
        assert exchange(address, b"GET / HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 200")
        clients[0].settimeout(5)
        assert is_closed(clients[0])
        clients[-1].sendall(b"\r\n")
        assert clients[-1].recv(12) == b"HTTP/1.1 200"
        for client in clients:
            client.close()


@contextmanager
def connections_of_another_client(address, count):
    """Open new connections from another address of this host, and yield them."""
    source = ("127.0.0.2", 0)
    clients = [socket.create_connection(address, source_address=source) for _ in range(count)]
    yield clients
    for client in clients:
        client.close()


@pytest.mark.skipif(sys.platform != "linux", reason="needs the address 127.0.0.2")
def test_a_client_with_many_connections_closes_only_its_own(monkeypatch):
    monkeypatch.setattr(http_server, "MAX_CONNECTIONS", 10)
    with serve() as address, socket.create_connection(address) as slow:
        slow.sendall(POST % 2 + b"x")
        with connections_of_another_client(address, 40):
            assert exchange(address, b"GET / HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 200")
            slow.sendall(b"x")
            assert slow.recv(12) == b"HTTP/1.1 200"


@pytest.mark.skipif(sys.platform != "linux", reason="needs the address 127.0.0.2")
def test_a_client_with_large_bodies_closes_only_its_own(monkeypatch):
    monkeypatch.setattr(http_server, "MAX_MEMORY_BYTES", 20_000_000)
    with serve() as address, socket.create_connection(address) as slow:
        slow.sendall(POST % 1_000_000 + bytes(900_000))
        with connections_of_another_client(address, 4) as clients:
            for client in clients:
                with suppress(ConnectionError):
                    client.sendall(POST % 10_000_000 + bytes(9_000_000))
            slow.sendall(bytes(100_000))
            assert slow.recv(12) == b"HTTP/1.1 200"


@contextmanager
def busy_server():
    """Serve with threads that wait until the block sets the event. Yield address and event."""
    may_respond = threading.Event()

    def respond(environ, start_response):
        if environ["PATH_INFO"] == "/slow":
            may_respond.wait(30)
        start_response("200 OK", [("Content-Length", "2")])
        return [b"ok"]

    with serve(application=respond) as address:
        try:
            yield address, may_respond
        finally:
            may_respond.set()


@pytest.mark.skipif(sys.platform != "linux", reason="needs the address 127.0.0.2")
def test_a_client_with_many_queued_requests_does_not_lock_out_others(monkeypatch):
    monkeypatch.setattr(http_server, "MAX_CONNECTIONS", 10)
    with (
        busy_server() as (address, may_respond),
        connections_of_another_client(address, 10) as clients,
    ):
        for client in clients:
            client.sendall(b"GET /slow HTTP/1.1\r\n\r\n")
        time.sleep(0.5)
        for _ in range(5):
            assert exchange(address, b"GET / HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 200")
        may_respond.set()
        # The request of a connection that was closed is not executed.
        answered = [client.recv(12) == b"HTTP/1.1 200" for client in clients if not gone(client)]
        assert 2 <= len(answered) < 10
        assert all(answered)


@pytest.mark.skipif(sys.platform != "linux", reason="needs the address 127.0.0.2")
def test_queued_bodies_do_not_lock_out_others(monkeypatch):
    # The client's running requests fit together with the upload, but its other requests do not.
    running = http_server.THREADS // 2
    monkeypatch.setattr(http_server, "MAX_MEMORY_BYTES", 9_000_000 * (running + 1) + 3_000_000)
    slow_post = (POST % 9_000_000).replace(b"POST /", b"POST /slow")
    with (
        busy_server() as (address, _),
        connections_of_another_client(address, running + 2) as clients,
    ):
        for client in clients:
            with suppress(ConnectionError):
                client.sendall(slow_post + bytes(9_000_000))
        time.sleep(0.5)
        upload = exchange(address, POST % 5_000_000 + bytes(5_000_000))
        assert upload.startswith(b"HTTP/1.1 200")


def gone(client):
    """Return whether the server has closed the connection."""
    client.settimeout(10)
    try:
        return client.recv(1, socket.MSG_PEEK) == b""
    except ConnectionResetError:
        return True


def test_unfinished_bodies_hold_a_bounded_memory(monkeypatch):
    monkeypatch.setattr(http_server, "MAX_MEMORY_BYTES", 20_000_000)
    with serve() as address:
        clients = [socket.create_connection(address) for _ in range(5)]
        closed = 0
        for client in clients:
            client.sendall(POST % 10_000_000)
            client.sendall(bytes(9_000_000))
        time.sleep(2)
        for client in clients:
            client.settimeout(0.2)
            try:
                closed += client.recv(1) == b""
            except ConnectionResetError:
                closed += 1
            except TimeoutError:
                pass
            client.close()
        assert closed == 3
        assert exchange(address, b"GET / HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 200")


OPEN_FILES = """
import os, resource, signal, threading
from recognizer.ops import http_server
resource.setrlimit(resource.RLIMIT_NOFILE, (256, 4096))
threading.Timer(1, os.kill, (os.getpid(), signal.SIGTERM)).start()
http_server.serve(None, http_server.listen("127.0.0.1", 0))
print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs the module resource")
def test_raises_a_low_limit_of_open_files():
    command = [sys.executable, "-c", OPEN_FILES]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert int(done.stdout) > 2 * http_server.MAX_CONNECTIONS


def test_a_client_may_receive_a_large_response_for_long(monkeypatch):
    monkeypatch.setattr(http_channel, "SEND_SECONDS", 1)
    size = 30_000_000
    with serve(bytes(size)) as address, socket.create_connection(address) as client:
        client.sendall(b"GET / HTTP/1.1\r\n\r\n")
        received = 0
        while received < size and (data := client.recv(200_000)):
            received += len(data)
            time.sleep(0.02)
        assert received >= size


def test_an_idle_connection_is_closed_before_a_request_that_has_just_arrived(monkeypatch):
    monkeypatch.setattr(http_server, "MAX_CONNECTIONS", 4)
    with busy_server() as (address, may_respond):
        clients = [socket.create_connection(address) for _ in range(4)]
        for client in clients[1:3]:  # They occupy the threads that one client gets.
            client.sendall(b"GET /slow HTTP/1.1\r\n\r\n")
        time.sleep(0.2)
        clients[0].sendall(b"GET / HTTP/1.1\r\n\r\n")  # the oldest connection
        time.sleep(0.2)
        with socket.create_connection(address):
            assert gone(clients[3])
            may_respond.set()
            assert not gone(clients[0])
