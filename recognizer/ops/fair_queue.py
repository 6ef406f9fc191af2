"""Give the threads of the server to the clients in turn, and at most half of them to one client.

One client can send many requests that take long. With a single queue, the requests of all others
would wait behind them. The threads also share one Python interpreter, so a client that keeps a
thread busy slows down all others. While there are others, its next request waits until it has used
no more than its share of a processor. A request that a limit refuses counts as more than it uses.
"""

import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

from waitress.task import ThreadedTaskDispatcher

SHARE: Final = 0.25  # of a processor
BURST_SECONDS: Final = 0.05  # of processor time that a client can use before it has to wait
# The content of a bucket. A higher one would block an address for minutes after a long request.
MAX_LEVEL: Final = 0.5
# Processor time that is added for a request that a limit refused (429). Otherwise, clients who
# ignore `Retry-After` would send many more requests than all others.
REFUSAL_SECONDS: Final = 0.02
# Most requests are fast. More of them at the same time would only slow each other down, because the
# threads share one Python interpreter. The other threads are for requests that turn out to be slow.
MAX_FAST: Final = 2
FAST_SECONDS: Final = 0.03
LOOK_AGAIN_SECONDS: Final = 0.02
ACTIVE_SECONDS: Final = 1  # For this time after a request, a client counts as one of the others.

ClientOf = Callable[[Any], str]  # takes the connection whose first request waits


class FairDispatcher(ThreadedTaskDispatcher):
    """A dispatcher of waitress whose queue is fair."""

    def __init__(self, threads: int, client_of: ClientOf) -> None:
        super().__init__()
        self.queue = FairQueue(client_of, max(1, threads // 2), self.lock)
        self.set_thread_count(threads)

    def handler_thread(self, thread_no: int) -> None:
        """Execute requests until the server stops.

        Unlike the method of waitress, it also looks again while a client waits.
        """
        while True:
            with self.lock:
                while not self.queue and not self.stop_count:
                    self.active_count -= 1
                    self.queue_cv.wait(self.queue.seconds_to_wait())
                    self.active_count += 1
                if self.stop_count:
                    self.active_count -= 1
                    self.stop_count -= 1
                    self.threads.discard(thread_no)
                    self.thread_exit_cv.notify()
                    return
                job = self.queue.popleft()
                if len(self.queue):  # Only one thread may have been woken for several requests.
                    self.queue_cv.notify()
            try:
                job.service()
            except BaseException:  # Nothing may end the thread.
                self.logger.exception("A request failed in the server")

    def queued(self) -> set[Any]:
        """Return the connections that wait for a thread."""
        with self.lock:
            return self.queue.connections()

    def discard(self, connection: Any) -> None:
        """Remove a connection from the queue, unless a thread has just taken it."""
        with self.lock:
            self.queue.discard(connection)


class FairQueue:
    """A queue of connections. It has the methods of a deque that waitress uses.

    waitress holds the lock while it calls them. `max_running` limits the running requests of a
    client. While there are others, a client that has used more than its share of a processor waits.
    It starts its next request when the last one has ended or has turned out to be slow. Several at
    a time would not be faster, because the threads share one Python interpreter. The queue is false
    if `MAX_FAST` requests have just started, or if no client in it may start a request.
    """

    def __init__(self, client_of: ClientOf, max_running: int, lock: Any) -> None:
        self._client_of = client_of
        self._max_running = max_running
        self._lock = lock
        self._waiting: dict[str, deque[Any]] = {}  # by client; the first one's turn is next
        self._running: dict[str, list[RunningRequest]] = {}  # by client
        self._usage = Usage()

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    def __bool__(self) -> bool:
        return self._next_client() is not None

    def append(self, connection: Any) -> None:
        """Add a connection whose first request is complete."""
        self._waiting.setdefault(self._client_of(connection), deque()).append(connection)

    def popleft(self) -> "Job":
        """Remove the connection whose turn it is. The calling thread executes its request."""
        client = self._next_client()
        assert client is not None
        connections = self._waiting.pop(client)
        connection = connections.popleft()
        if connections:
            self._waiting[client] = connections  # behind all other clients
        request = RunningRequest(time.monotonic(), threading.get_ident(), time.thread_time())
        self._running.setdefault(client, []).append(request)
        return Job(connection, lambda seconds: self._finish(client, request, seconds))

    def connections(self) -> set[Any]:
        """Return all connections in the queue."""
        return set(chain.from_iterable(self._waiting.values()))

    def discard(self, connection: Any) -> None:
        """Remove a connection, if it is in the queue."""
        client = self._client_of(connection)
        with suppress(KeyError, ValueError):
            self._waiting[client].remove(connection)
            if not self._waiting[client]:
                del self._waiting[client]

    def seconds_to_wait(self) -> float | None:
        """Return when to look at the queue again, in seconds, or None if nobody waits.

        The client that may start a request changes with time: requests turn out to be slow, clients
        have waited long enough, and others are no longer active.
        """
        return LOOK_AGAIN_SECONDS if self._waiting else None

    def _next_client(self) -> str | None:
        if sum(map(_count_fast, self._running.values())) >= MAX_FAST:
            return None
        return next(filter(self._may_start, self._waiting), None)

    def _may_start(self, client: str) -> bool:
        running = self._running.get(client, [])
        if len(running) >= self._max_running:
            return False
        if not self._usage.others_are_active(client):
            return True
        used = self._usage.level(client) + sum(request.seconds() for request in running)
        return used <= BURST_SECONDS and not _count_fast(running)

    def _finish(self, client: str, request: "RunningRequest", seconds: float) -> None:
        with self._lock:
            self._usage.add(client, seconds)
            self._running[client].remove(request)
            if not self._running[client]:
                del self._running[client]


@dataclass(frozen=True, eq=False)
class RunningRequest:
    """A running request.

    `started` is the time at which it started, `thread` the identifier of its thread, and
    `used_before` the processor time of this thread until then, in seconds.
    """

    started: float
    thread: int
    used_before: float

    def seconds(self) -> float:
        """Return the processor time of the request, or 0 if the system does not tell it."""
        if sys.platform in ("win32", "darwin"):
            return 0.0
        clock = time.pthread_getcpuclockid(self.thread)
        return time.clock_gettime(clock) - self.used_before


def _count_fast(running: list[RunningRequest]) -> int:
    """Return how many requests started less than `FAST_SECONDS` ago."""
    newest = time.monotonic() - FAST_SECONDS
    return sum(request.started > newest for request in running)


class Usage:
    """The processor time that the clients have used lately.

    Each client has a leaky bucket: its requests fill it with their processor time in seconds, and
    it loses `SHARE` per second. A client has to wait while its bucket contains more than
    `BURST_SECONDS`.
    """

    def __init__(self) -> None:
        # The level of each bucket, and the time of the last request. The newest request is last.
        self._buckets: dict[str, tuple[float, float]] = {}

    def add(self, client: str, seconds: float) -> None:
        """Add the processor time of a request, which has just ended."""
        level = min(self.level(client) + seconds, MAX_LEVEL)
        self._buckets.pop(client, None)
        self._buckets[client] = level, time.monotonic()
        oldest = next(iter(self._buckets))
        if not self.level(oldest) and not self._is_active(oldest):
            del self._buckets[oldest]

    def level(self, client: str) -> float:
        """Return the content of the client's bucket, in seconds."""
        level, since = self._buckets.get(client, (0.0, 0.0))
        return max(0.0, level - SHARE * (time.monotonic() - since))

    def others_are_active(self, client: str) -> bool:
        """Return whether a request of another client ended in the last `ACTIVE_SECONDS`."""
        newest = next((name for name in reversed(self._buckets) if name != client), None)
        return newest is not None and self._is_active(newest)

    def _is_active(self, client: str) -> bool:
        return time.monotonic() - self._buckets[client][1] < ACTIVE_SECONDS


@dataclass
class Job:
    """A request that a thread executes."""

    connection: Any
    finish: Callable[[float], None]  # takes the processor time of the request, in seconds

    def service(self) -> None:
        """Execute the request. Afterwards, the same thread looks for the next one."""
        started = time.thread_time()
        was_refused = False
        try:
            was_refused = self.connection.service()
        finally:
            self.finish(time.thread_time() - started + REFUSAL_SECONDS * bool(was_refused))

    def cancel(self) -> None:
        """Close the connection, because the server stops."""
        self.connection.cancel()


def peer_address(connection: Any) -> str:
    """Return the address that has connected to the server."""
    return str(connection.addr[0])
