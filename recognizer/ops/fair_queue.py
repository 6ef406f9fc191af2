"""Give the threads of the server to the clients in turn, and at most half of them to one client.

One client can send many requests that take long. With a single queue, the requests of all others
would wait behind them.
"""

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from waitress.task import ThreadedTaskDispatcher

ClientOf = Callable[[Any], str]  # takes the connection whose first request waits


class FairDispatcher(ThreadedTaskDispatcher):
    """A dispatcher of waitress whose queue is fair."""

    def __init__(self, threads: int, client_of: ClientOf) -> None:
        super().__init__()
        self.queue = FairQueue(client_of, max(1, threads // 2), self.lock)
        self.set_thread_count(threads)


class FairQueue:
    """A queue of connections. It has the methods of a deque that waitress uses.

    waitress holds the lock while it calls them. `max_running` limits the running requests of a
    client. If all clients in the queue have reached it, the queue is false.
    """

    def __init__(self, client_of: ClientOf, max_running: int, lock: Any) -> None:
        self._client_of = client_of
        self._max_running = max_running
        self._lock = lock
        self._waiting: dict[str, deque[Any]] = {}  # by client; the first one's turn is next
        self._running = Counter[str]()

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    def __bool__(self) -> bool:
        return self._next_client() is not None

    def append(self, connection: Any) -> None:
        """Add a connection whose first request is complete."""
        self._waiting.setdefault(self._client_of(connection), deque()).append(connection)

    def popleft(self) -> "Job":
        """Remove the connection whose turn it is."""
        client = self._next_client()
        assert client is not None
        connections = self._waiting.pop(client)
        job = Job(connections.popleft(), lambda: self._finish(client))
        if connections:
            self._waiting[client] = connections  # behind all other clients
        self._running[client] += 1
        return job

    def _next_client(self) -> str | None:
        free = (name for name in self._waiting if self._running[name] < self._max_running)
        return next(free, None)

    def _finish(self, client: str) -> None:
        with self._lock:
            self._running[client] -= 1
            if not self._running[client]:
                del self._running[client]


@dataclass
class Job:
    """A request that a thread executes."""

    connection: Any
    finish: Callable[[], None]

    def service(self) -> None:
        """Execute the request. Afterwards, the same thread looks for the next one."""
        try:
            self.connection.service()
        finally:
            self.finish()

    def cancel(self) -> None:
        """Close the connection, because the server stops."""
        self.connection.cancel()


def peer_address(connection: Any) -> str:
    """Return the address that has connected to the server."""
    return str(connection.addr[0])
