"""The site's HTTP server with a tiny WSGI application, in a process or thread of the test."""

import socket
import threading
from contextlib import contextmanager

from recognizer.ops import http_server

POST = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n"


@contextmanager
def serve(body=b"hello", application=None, **options):
    """Serve `body` in a thread, and yield the server's address.

    The options are those of `http_server.make_server`.
    """

    def respond_with_body(environ, start_response):
        start_response("200 OK", [("Content-Length", str(len(body)))])
        return [body]

    listener = http_server.listen("127.0.0.1", 0)
    server = http_server.make_server(application or respond_with_body, listener, **options)
    thread = threading.Thread(target=server.run_until_stopped)
    thread.start()
    try:
        yield listener.getsockname()
    finally:
        server.stop()
        thread.join()


def exchange(address, request):
    """Send a request. Return what the server sends until it closes or is silent for a while."""
    with socket.create_connection(address, timeout=1) as client:
        client.sendall(request)
        received = b""
        try:
            while data := client.recv(65536):
                received += data
                client.settimeout(0.5)
        except TimeoutError:
            pass
        return received
