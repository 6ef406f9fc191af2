"""`python -m benchmarks.load_generator URL FOLDER`: many visitors send drawings at the same time.

Each visitor has one connection at a time, waits for each response, and sends each drawing once.
Then a new visitor without a cookie takes over. The module uses plain asyncio in one process,
because an HTTP library would need about as much processor time as the measured site.
"""

import asyncio
import json
import re
import sys
import time
from argparse import ArgumentParser
from asyncio import StreamReader, StreamWriter
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, urlsplit

import numpy as np

BOUNDARY: Final = "boundary-of-the-benchmark"
CONTENT_LENGTH: Final = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)
OWNER_COOKIE: Final = re.compile(rb"\r\nset-cookie: +(owner=[^;]+)", re.IGNORECASE)
CSRF_TOKEN: Final = re.compile(rb"\r\nset-cookie: +csrftoken=([^;]+)", re.IGNORECASE)
SUCCESS: Final = re.compile(rb"HTTP/1\.1 20[01] ")
# A connection stays with one server process. Reconnecting distributes the load over all processes.
REQUESTS_PER_CONNECTION: Final = 25
REQUESTS_PER_ADDRESS: Final = 500  # below the rate limits


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("pictures", type=Path, help="a folder of PNG files")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rate", type=float, default=0.0, help="requests per second in total")
    options = parser.parse_args()
    bodies = [multipart(path.read_bytes()) for path in sorted(options.pictures.glob("*.png"))]
    interval = options.connections / options.rate if options.rate else 0.0
    load = Load(urlsplit(options.url), bodies, interval)
    asyncio.run(load.run(options.connections, options.seconds))
    json.dump(load.summary(options.seconds), sys.stdout)


@dataclass
class Load:
    """A load test: sends requests and collects the results."""

    url: SplitResult
    bodies: list[bytes]
    interval: float  # minimum seconds from the start of one request of a visitor to the next
    # The last byte of the visitors' IP addresses. It depends on the time, so that requests of
    # an earlier run do not count towards the rate limits.
    run_number: int = field(default_factory=lambda: int(time.time()) % 256)
    times: list[float] = field(default_factory=list)  # seconds
    stored: int = 0  # responses with status 201
    errors: int = 0

    async def run(self, connections: int, seconds: float) -> None:
        """Send requests over all connections for `seconds`."""
        end = time.perf_counter() + seconds
        visitors = (
            self._visit(number, end, self.interval * number / connections)
            for number in range(connections)
        )
        await asyncio.gather(*visitors)

    async def _visit(self, number: int, end: float, delay: float) -> None:
        """Act as one visitor after another on one connection."""
        await asyncio.sleep(delay)
        reader, writer = await self._connect()
        visitor_headers = b""
        for sent in count():
            started = time.perf_counter()
            if started >= end:
                break
            if sent % REQUESTS_PER_CONNECTION == REQUESTS_PER_CONNECTION - 1:
                writer.close()
                reader, writer = await self._connect()
            if sent % len(self.bodies) == 0:
                visitor_headers = b""
            body = self.bodies[sent % len(self.bodies)]
            address = f"10.{number}.{sent // REQUESTS_PER_ADDRESS % 256}.{self.run_number}"
            writer.write(self._head(address, len(body), visitor_headers) + body)
            head = await _read_response(reader)
            self._record(head, time.perf_counter() - started)
            visitor_headers = _visitor_headers(head) or visitor_headers
            await asyncio.sleep(max(0.0, started + self.interval - time.perf_counter()))
        writer.close()

    async def _connect(self) -> tuple[StreamReader, StreamWriter]:
        return await asyncio.open_connection(self.url.hostname, self.url.port)

    def _head(self, address: str, length: int, visitor_headers: bytes) -> bytes:
        start = (
            f"POST {self.url.path} HTTP/1.1\r\nHost: {self.url.netloc}\r\n"
            f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n"
            f"Content-Length: {length}\r\nX-Forwarded-For: {address}\r\n"
        )
        return start.encode() + visitor_headers + b"\r\n"

    def _record(self, head: bytes, seconds: float) -> None:
        self.times.append(seconds)
        self.errors += not SUCCESS.match(head)
        self.stored += head.startswith(b"HTTP/1.1 201")

    def summary(self, seconds: float) -> dict[str, float]:
        """Return the counts, the requests per second, and the median and p99 time in seconds."""
        return {
            "requests": len(self.times),
            "per_second": len(self.times) / seconds,
            "p50": float(np.quantile(self.times, 0.5)),
            "p99": float(np.quantile(self.times, 0.99)),
            "stored": self.stored,
            "errors": self.errors,
        }


async def _read_response(reader: StreamReader) -> bytes:
    """Read a whole response. Return its status line and headers."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = CONTENT_LENGTH.search(head)
    await reader.readexactly(int(length[1]) if length else 0)
    return head


def _visitor_headers(head: bytes) -> bytes:
    """Return the headers with which the visitor of this response sends the next request."""
    owner, csrf = OWNER_COOKIE.search(head), CSRF_TOKEN.search(head)
    if not (owner and csrf):
        return b""
    cookies = b"Cookie: " + owner[1] + b"; csrftoken=" + csrf[1] + b"\r\n"
    return cookies + b"X-CSRFToken: " + csrf[1] + b"\r\n"


def multipart(image: bytes) -> bytes:
    """Return the body of a multipart form with an image from the page's canvas."""
    start = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="source"\r\n\r\ncanvas\r\n'
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n'
        "Content-Type: image/png\r\n\r\n"
    )
    return start.encode() + image + f"\r\n--{BOUNDARY}--\r\n".encode()


if __name__ == "__main__":
    main()
