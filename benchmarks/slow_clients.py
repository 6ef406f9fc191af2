"""`make bench-slow-clients`: measure other visitors' response times while slow clients connect.

For each kind of slow client, 200 of them stay connected, and come back when the server closes their
connection. The last row has some of each kind. Other visitors send drawings for prediction. Their
response times are measured right before as well, when the site is idle otherwise.
"""

import asyncio
import random
from argparse import ArgumentParser
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any, Final

from benchmarks.servers import PORT, SQLITE, BenchmarkSite
from benchmarks.serving import run_load_generator

PREDICT: Final = "/api/v1/recognize/"
CONNECTIONS: Final = 4  # of the other visitors
REQUESTS_PER_SECOND: Final = 40  # of the other visitors in total
PAUSE: Final = 1.0  # seconds between two bytes of a slow client
# For each kind: the bytes that it sends at once, and the bytes that it then sends one by one.
POST: Final = "POST /api/v1/recognize/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n"
LARGE_FILE: Final = "/static/drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js"
KINDS: Final = {
    "sends nothing": ("", ""),
    "slow header": ("GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ", "x"),
    "slow body": (POST.format(1_000_000), "x"),
    "slow refused body": (POST.format(50_000_000), "x"),
    "announces 10^11 bytes": (POST.format(10**11), "x"),
    "reads nothing": (f"GET {LARGE_FILE} HTTP/1.1\r\nHost: localhost\r\n\r\n", ""),
}
ALL: Final = "all kinds"
HEADER: Final = f"{'':<24} {'idle p99':>9} {'p99':>8} {'× idle':>7} {'requests':>9} {'errors':>7}"


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=20)
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        site = BenchmarkSite(Path(folder) / "site", SQLITE)
        site.prepare()
        with site.serve():
            measure(site, options.seconds / 4)  # This load only warms up.
            print(HEADER)
            for kind in (*KINDS, ALL):
                idle = measure(site, options.seconds)
                with slow_clients("127.0.0.1", PORT, kind, options.clients):
                    print(line(kind, measure(site, options.seconds), idle), flush=True)


def measure(site: BenchmarkSite, seconds: float) -> dict[str, Any]:
    """Return the response times of the other visitors."""
    summary: dict[str, Any] = run_load_generator(
        site, PREDICT, CONNECTIONS, seconds, REQUESTS_PER_SECOND
    )
    return summary


def line(name: str, one: dict[str, Any], idle: dict[str, Any]) -> str:
    """Return the measurement as a row of the table."""
    return (
        f"{name:<24} {1000 * idle['p99']:>6.1f} ms {1000 * one['p99']:>5.1f} ms "
        f"{one['p99'] / idle['p99']:>7.1f} {one['requests']:>9} {one['errors']:>7}"
    )


@contextmanager
def slow_clients(host: str, port: int, kind: str, count: int) -> Iterator[None]:
    """Keep `count` slow clients connected during the block."""
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever)
    thread.start()
    kinds = [*KINDS] if kind == ALL else [kind]
    clients = [_stay(host, port, *KINDS[kinds[number % len(kinds)]]) for number in range(count)]
    tasks = [asyncio.run_coroutine_threadsafe(client, loop) for client in clients]
    asyncio.run_coroutine_threadsafe(asyncio.sleep(PAUSE), loop).result()
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        asyncio.run_coroutine_threadsafe(asyncio.sleep(PAUSE / 10), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _stay(host: str, port: int, start: str, repeated: str) -> None:
    """Act as a slow client, which connects again whenever the server closes the connection."""
    await asyncio.sleep(random.random() * PAUSE)
    while True:
        with suppress(OSError):
            async with _connect(host, port) as (reader, writer):
                writer.write(start.encode())
                while not reader.at_eof():
                    writer.write(repeated.encode())
                    await writer.drain()
                    await asyncio.sleep(PAUSE)
        await asyncio.sleep(PAUSE)


@asynccontextmanager
async def _connect(
    host: str, port: int
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    # The small limit stops reading from the socket after a few kilobytes.
    reader, writer = await asyncio.open_connection(host, port, limit=1024)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


if __name__ == "__main__":
    main()
