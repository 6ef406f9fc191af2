"""The HTTP server: waitress, with limits for clients that are slow or that send too much.

One thread receives all requests, and sends what a client's connection does not take at once. A
request occupies one of the other threads only after it has been received completely, so a slow
client holds a connection and nothing else. A connection has a deadline. If there are too many
connections, or if they hold too much memory, the server closes those of the client that has the
most, also if their requests are waiting for a thread. Of these, it closes those first that have
been waiting longest.
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
from waitress.server import TcpWSGIServer

from recognizer.ops import native_memory
from recognizer.ops.fair_queue import ClientOf, FairDispatcher, peer_address
from recognizer.ops.http_channel import Channel

# At most six threads work on requests that may take long, or wait for that: two on large images,
# one on a download, one on a deletion (recognizer/api/heavy_work.py), and two on logins
# (recognizer/accounts/login_queue.py). Two stay free for all other requests. The admin's dataset
# download and deletion of users are not limited, because only staff can use them.
THREADS: Final = 8
MAX_CONNECTIONS: Final = 400
MAX_HEADER_BYTES: Final = 32_768  # request line and headers
MAX_BODY_BYTES: Final = 10_100_000  # more than Django's limit, so that Django rejects the body
MAX_MEMORY_BYTES: Final = 200_000_000  # of requests and responses in all connections
# After this time, Python lets another thread run.
SWITCH_SECONDS: Final = 0.0005
COLLECTION_THRESHOLDS: Final = 700, 5, 2  # Python's: 700, 10, 10
# At the end, for running requests to finish, and for requests that are being received to arrive.
STOP_SECONDS: Final = 20
STOP_RECEIVE_SECONDS: Final = 3

WSGIApplication = Callable[..., Iterable[bytes]]

log = logging.getLogger(__name__)


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
