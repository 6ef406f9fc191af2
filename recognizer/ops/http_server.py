"""The HTTP server: waitress, with limits for clients that are slow or that send too much.

One thread receives all requests and sends all responses. A request occupies one of the other
threads only after it has been received completely, so a slow client holds a connection and nothing
else. A connection has a deadline. If there are too many connections, or if they hold too much
memory, the server closes those of the client that has the most, also if their requests are waiting
for a thread. Of these, it closes those first that have been waiting longest.
"""

import gc
import logging
import signal
import socket
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, Final

from waitress import wasyncore
from waitress.buffers import ReadOnlyFileBasedBuffer
from waitress.channel import HTTPChannel
from waitress.server import TcpWSGIServer
from waitress.task import WSGITask

from recognizer.ops import native_memory
from recognizer.ops.fair_queue import ClientOf, FairDispatcher, peer_address
from recognizer.ops.http_request import Request

THREADS: Final = 4
MAX_CONNECTIONS: Final = 400
MAX_HEADER_BYTES: Final = 32_768  # request line and headers
MAX_BODY_BYTES: Final = 10_100_000  # more than Django's limit, so that Django rejects the body
MAX_MEMORY_BYTES: Final = 200_000_000  # of requests and responses in all connections
# A client must receive a response within SEND_SECONDS, plus one second for SEND_BYTES_PER_SECOND.
SEND_SECONDS: Final = 120
SEND_BYTES_PER_SECOND: Final = 20_000
# After this time, Python lets another thread run.
SWITCH_SECONDS: Final = 0.0005
COLLECTION_THRESHOLDS: Final = 700, 5, 2  # Python's: 700, 10, 10
IDLE_SECONDS: Final = 60
DISCARD_SECONDS: Final = 3  # after the last response, if the client continues to send
# At the end, for running requests to finish, and for requests that are being received to arrive.
STOP_SECONDS: Final = 20
STOP_RECEIVE_SECONDS: Final = 3

WSGIApplication = Callable[..., Iterable[bytes]]

log = logging.getLogger(__name__)


class Task(WSGITask):
    """The execution of one request in a thread."""

    def write(self, data: bytes) -> None:
        # WSGI leaves it to the server to omit the body of the response to a HEAD request.
        super().write(b"" if self.request.command == "HEAD" else data)

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

    def service(self) -> None:
        """Execute the request."""
        self._waiting_since = time.monotonic()
        self._sent_bytes = 0
        super().service()
        self._waiting_since = time.monotonic()

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


class Server(TcpWSGIServer):
    """A waitress server that closes overdue and excess connections."""

    channel_class = Channel
    _stopping = False
    active_channels: dict[int, Channel]
    client_of: ClientOf = staticmethod(peer_address)

    def handle_accept(self) -> None:
        super().handle_accept()
        if len(self.active_channels) > MAX_CONNECTIONS:
            self._close_longest_waiting(lambda channel: 1)

    def maintenance(self, now: float) -> None:
        """Close overdue connections. waitress calls this every `cleanup_interval` seconds."""
        now = time.monotonic()
        for channel in list(self.active_channels.values()):
            if channel.is_overdue(now):
                channel.handle_close()

    def limit_memory(self) -> None:
        """Close connections until the others hold at most `MAX_MEMORY_BYTES`."""
        channels = self.active_channels.values()
        while sum(channel.buffered_bytes() for channel in channels) > MAX_MEMORY_BYTES:
            if not self._close_longest_waiting(Channel.buffered_bytes):
                return

    def _close_longest_waiting(self, weight: Callable[[Channel], int]) -> bool:
        """Close a connection of the client whose connections have the highest weight.

        The client is chosen first, so that a client that opens many connections only closes its
        own. Behind a reverse proxy, the proxy is the client of a connection without a request.
        Connections whose request is running do not count. Return whether a connection was closed.
        """
        queued = self.task_dispatcher.queued()
        channels = self.active_channels.values()
        # The names and the weights change at any moment, so each is determined once.
        waiting = [
            (channel, self.client_of(channel), size)
            for channel in channels
            if (not channel.requests or channel in queued) and (size := weight(channel))
        ]
        weights = Counter[str]()
        for _, client, size in waiting:
            weights[client] += size
        if not weights:
            return False
        [(heaviest, _)] = weights.most_common(1)
        theirs = [channel for channel, client, _ in waiting if client == heaviest]
        longest = min(theirs, key=lambda channel: channel.waiting_since)
        self.task_dispatcher.discard(longest)
        longest.handle_close()
        return True

    def run_until_stopped(self) -> None:
        """Serve until another thread or a signal handler calls `stop`."""
        while not self._stopping:
            self._poll()
        log.info("Stopping")
        wasyncore.dispatcher.close(self)  # Accept no more connections.
        now = time.monotonic()
        while self._close_finished(now + STOP_RECEIVE_SECONDS):
            if time.monotonic() > now + STOP_SECONDS:
                log.warning("%d requests did not finish", len(self.active_channels))
                break
            self._poll()
        self.task_dispatcher.shutdown(timeout=1)

    def stop(self) -> None:
        """Stop after the running requests have finished."""
        self._stopping = True
        self.pull_trigger()

    def _poll(self) -> None:
        # poll() has no limit of 1,024 file descriptors. Windows only has select().
        wasyncore.loop(timeout=1, use_poll=True, map=self._map, count=1)

    def _close_finished(self, receive_deadline: float) -> bool:
        """Close the connections that wait for nothing. Return whether there are others."""
        receiving_allowed = time.monotonic() < receive_deadline
        for channel in list(self.active_channels.values()):
            unfinished = channel.requests or channel.total_outbufs_len
            if not unfinished and not (channel.request and receiving_allowed):
                channel.handle_close()
        return bool(self.active_channels)


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket. `::` listens on IPv4, too. Raises `OSError`."""
    host = host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    dual_stack = host == "::" and socket.has_dualstack_ipv6()
    return socket.create_server((host, port), family=family, dualstack_ipv6=dual_stack)


def make_server(
    application: WSGIApplication, listener: socket.socket, client_of: ClientOf = peer_address
) -> Server:
    """Return a server that does not run yet."""
    server = Server(
        application,
        dispatcher=FairDispatcher(THREADS, client_of),
        _sock=listener,
        bind_socket=False,
        sockinfo=(listener.family, listener.type, listener.proto, listener.getsockname()),
        threads=THREADS,
        connection_limit=2 * MAX_CONNECTIONS,  # never reached
        cleanup_interval=1,
        max_request_header_size=MAX_HEADER_BYTES,
        max_request_body_size=MAX_BODY_BYTES,
        # Buffers are never written to disk, because a full disk must not stop the site. A thread
        # never waits until a client has received a part of the response.
        inbuf_overflow=2 * MAX_BODY_BYTES,
        outbuf_overflow=MAX_MEMORY_BYTES,
        outbuf_high_watermark=MAX_MEMORY_BYTES,
        clear_untrusted_proxy_headers=False,  # Django trusts them according to NUM_PROXIES.
        log_socket_errors=False,
        ident="",
    )
    server.client_of = client_of
    return server


def serve(
    application: WSGIApplication, listener: socket.socket, client_of: ClientOf = peer_address
) -> None:
    """Serve until Ctrl-C or SIGTERM. Then finish the requests that are running."""
    native_memory.share_arena()
    sys.setswitchinterval(SWITCH_SECONDS)
    _allow_open_files(2 * MAX_CONNECTIONS + 200)  # a connection may also send a file
    server = make_server(application, listener, client_of)
    # A garbage collection stops all threads. The objects that exist now will never be garbage, so
    # they are excluded. The others are collected often, so that there are few of them each time.
    gc.collect()
    gc.freeze()
    gc.collect()  # Otherwise, the excluded objects would delay the next full collection.
    gc.set_threshold(*COLLECTION_THRESHOLDS)

    def stop(number: int, _frame: Any) -> None:
        signal.signal(number, signal.SIG_DFL)  # A second signal ends the process at once.
        server.stop()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    server.print_listen("Serving on {}, port {}")
    server.run_until_stopped()


def _allow_open_files(count: int) -> None:
    """Raise the limit of open files, which is 256 on macOS."""
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < count:
        with suppress(ValueError):  # The hard limit is lower.
            resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))
