"""The connection of one HTTP client to waitress, with deadlines."""

import socket
import time
from typing import Any, Final

from waitress.buffers import ReadOnlyFileBasedBuffer
from waitress.channel import HTTPChannel
from waitress.task import WSGITask

from recognizer.ops.http_request import Request

# A client must receive a response within SEND_SECONDS, plus one second for SEND_BYTES_PER_SECOND.
SEND_SECONDS: Final = 120
SEND_BYTES_PER_SECOND: Final = 20_000
IDLE_SECONDS: Final = 60
DISCARD_SECONDS: Final = 3  # after the last response, if the client continues to send


class Task(WSGITask):
    """The execution of one request in a thread."""

    def write(self, data: bytes) -> None:
        # WSGI leaves it to the server to omit the body of the response to a HEAD request.
        super().write(b"" if self.request.command == "HEAD" else data)

    def finish(self) -> None:
        super().finish()
        self.channel.was_refused = self.status.startswith("429")

    def get_environment(self) -> dict[str, Any]:
        """Return the WSGI environment."""
        environ: dict[str, Any] = super().get_environment()
        if self.request.command == "HEAD":
            # waitress would send a file without calling `write`.
            environ.pop("wsgi.file_wrapper", None)
        return environ


class Channel(HTTPChannel):
    """The connection of one client."""

    parser_class = Request
    task_class = Task
    was_refused = False  # whether a limit refused the last request
    # The default contains the client's address, which must not be in the log.
    __repr__ = __str__ = object.__repr__

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._waiting_since = time.monotonic()
        self._discards = False
        self._sent_bytes = 0  # of the responses to the last request

    def received(self, data: bytes) -> bool:
        """Take in some bytes."""
        if self._discards:
            return False
        before = self._body_bytes() // 65_536
        received: bool = super().received(data)
        if self.requests:
            self._waiting_since = time.monotonic()
        if self._body_bytes() // 65_536 > before:
            self.server.limit_memory()
        return received

    def _body_bytes(self) -> int:
        return self.request.body_bytes_received if self.request else 0

    def send(self, data: bytes, do_close: bool = True) -> int:
        """Send some bytes. Return how many the client's connection has taken."""
        sent: int = super().send(data, do_close)
        self._sent_bytes += sent
        return sent

    def service(self) -> bool:
        """Execute the request. Return whether a limit refused it."""
        self._waiting_since = time.monotonic()
        self._sent_bytes = 0
        self.was_refused = False
        super().service()
        self._waiting_since = time.monotonic()
        return self.was_refused

    def handle_write(self) -> None:
        """Send a part of the response. Close the connection if this was the last response."""
        if self.close_when_flushed:
            self._flush_exception(self._flush_some)
            if not self.total_outbufs_len and not self.will_close:
                self._end_response()
                return
        super().handle_write()

    def _end_response(self) -> None:
        """Send the end of the response, and discard what the client still sends.

        If the connection were closed at once, the client would get an error, not the response.
        """
        self.close_when_flushed = False
        self._discards = True
        self._waiting_since = time.monotonic()
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            self.handle_close()

    def handle_expt(self) -> None:
        # No HTTP client sends urgent data. It would wake the server again and again.
        self.handle_close()

    @property
    def waiting_since(self) -> float:
        """Return since when the server waits for the client. Valid if no request is running."""
        return self.request.started if self.request else self._waiting_since

    def is_overdue(self, now: float) -> bool:
        """Return whether the client has exceeded a deadline."""
        if self.requests:
            return False  # The client waits for the server.
        if self.request:
            return self.request.is_late(now)
        allowed: float = DISCARD_SECONDS if self._discards else IDLE_SECONDS
        if self.total_outbufs_len and not self._discards:
            allowed = SEND_SECONDS + self._sent_bytes / SEND_BYTES_PER_SECOND
        return now - self._waiting_since > allowed

    def buffered_bytes(self) -> int:
        """Return the memory that received requests and unsent responses take."""
        requests = [*self.requests, self.request] if self.request else [*self.requests]
        bodies = (len(request.body_rcv) for request in requests if request.body_rcv is not None)
        responses = (len(buffer) for buffer in [*self.outbufs] if not _is_file(buffer))
        return sum(bodies) + sum(responses)


def _is_file(buffer: Any) -> bool:
    return isinstance(buffer, ReadOnlyFileBasedBuffer)
