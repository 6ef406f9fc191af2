"""`python -m benchmarks.load URL FOLDER`: visitors who send drawings at once, in one process.

Each has a connection, waits for each answer, and sends no drawing twice: who has sent all of them
comes back as a new visitor, without the cookie. Plain asyncio, as any HTTP library would need
as much of the processor as the sites that are measured beside it.
"""

import asyncio
import json
import re
import sys
import time
from argparse import ArgumentParser
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, urlsplit

import numpy as np

BOUNDARY: Final = "boundary-of-the-benchmark"
LENGTH: Final = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)
COOKIE: Final = re.compile(rb"\r\nset-cookie: (sessionid=[^;]+)", re.IGNORECASE)
PER_CONNECTION: Final = 25  # requests: it stays with one process, which may have many or none
PER_ADDRESS: Final = 500  # requests, so that nobody meets a limit
GOOD: Final = re.compile(rb"HTTP/1\.1 20[01] ")


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("pictures", type=Path, help="a folder of PNG files")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rate", type=float, default=0.0, help="requests per second, all together")
    options = parser.parse_args()
    bodies = [multipart(path.read_bytes()) for path in sorted(options.pictures.glob("*.png"))]
    pause = options.connections / options.rate if options.rate else 0.0
    visits = Visits(urlsplit(options.url), bodies, pause)
    asyncio.run(visits.all(options.connections, options.seconds))
    json.dump(
        {
            "requests": len(visits.times),
            "per_second": len(visits.times) / options.seconds,
            "p50": float(np.quantile(visits.times, 0.5)),
            "p99": float(np.quantile(visits.times, 0.99)),
            "stored": visits.stored,
            "errors": visits.errors,
        },
        sys.stdout,
    )


@dataclass
class Visits:
    url: SplitResult
    bodies: list[bytes]
    pause: float  # seconds from one request of a visitor to the next
    run: int = field(default_factory=lambda: int(time.time()) % 256)  # has addresses of its own
    times: list[float] = field(default_factory=list)  # seconds
    stored: int = 0  # answers 201
    errors: int = 0

    async def all(self, connections: int, seconds: float) -> None:
        end = time.perf_counter() + seconds
        await asyncio.gather(
            *(
                self.one(number, end, self.pause * number / connections)
                for number in range(connections)
            )
        )

    async def one(self, number: int, end: float, wait: float) -> None:
        """One visitor after another."""
        await asyncio.sleep(wait)
        reader, writer = await asyncio.open_connection(self.url.hostname, self.url.port)
        for sent in count():
            started = time.perf_counter()
            if started >= end:
                break
            if sent % PER_CONNECTION == PER_CONNECTION - 1:
                writer.close()
                reader, writer = await asyncio.open_connection(self.url.hostname, self.url.port)
            if sent % len(self.bodies) == 0:
                cookie = b""
            address = f"10.{number}.{sent // PER_ADDRESS % 256}.{self.run}"
            body = self.bodies[sent % len(self.bodies)]
            writer.write(self._head(address, len(body), cookie) + body)
            head = await reader.readuntil(b"\r\n\r\n")
            length = LENGTH.search(head)
            await reader.readexactly(int(length[1]) if length else 0)
            self.times.append(time.perf_counter() - started)
            self.errors += not GOOD.match(head)
            self.stored += head.startswith(b"HTTP/1.1 201")
            if given := COOKIE.search(head):
                cookie = b"Cookie: " + given[1] + b"\r\n"
            await asyncio.sleep(max(0.0, started + self.pause - time.perf_counter()))
        writer.close()

    def _head(self, address: str, length: int, cookie: bytes) -> bytes:
        start = (
            f"POST {self.url.path} HTTP/1.1\r\nHost: {self.url.netloc}\r\n"
            f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n"
            f"Content-Length: {length}\r\nX-Forwarded-For: {address}\r\n"
        )
        return start.encode() + cookie + b"\r\n"


def multipart(picture: bytes) -> bytes:
    start = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n'
        "Content-Type: image/png\r\n\r\n"
    )
    return start.encode() + picture + f"\r\n--{BOUNDARY}--\r\n".encode()


if __name__ == "__main__":
    main()
