"""`python -m benchmarks.load URL ...`: visitors who send drawings at once, in a process of its own.

Each has a connection and a cookie, waits for each answer, and sends no drawing twice.
"""

import http.client
import json
import sys
import threading
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import numpy as np

BOUNDARY: Final = "boundary-of-the-benchmark"
HEADERS: Final = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("pictures", type=Path, help="a folder of PNG files")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rate", type=float, help="requests per second, all together")
    options = parser.parse_args()
    bodies = [_body(path.read_bytes()) for path in sorted(options.pictures.glob("*.png"))]
    pause = options.connections / options.rate if options.rate else 0.0
    visitors = [
        Visitor(options.url, bodies, options.seconds, pause) for _ in range(options.connections)
    ]
    for visitor in visitors:
        visitor.start()
    for visitor in visitors:
        visitor.join()
    times = np.array([seconds for visitor in visitors for seconds in visitor.times])
    json.dump(
        {
            "requests": len(times),
            "per_second": len(times) / options.seconds,
            "p50": float(np.quantile(times, 0.5)),
            "p99": float(np.quantile(times, 0.99)),
            "errors": sum(visitor.errors for visitor in visitors),
        },
        sys.stdout,
    )


class Visitor(threading.Thread):
    def __init__(self, url: str, bodies: list[bytes], seconds: float, pause: float) -> None:
        super().__init__()
        self.times: list[float] = []
        self.errors = 0
        self._url, self._bodies, self._seconds, self._pause = urlsplit(url), bodies, seconds, pause

    def run(self) -> None:
        connection = http.client.HTTPConnection(self._url.netloc, timeout=60)
        headers = dict(HEADERS)
        end = time.perf_counter() + self._seconds
        for body in self._bodies:
            started = time.perf_counter()
            if started >= end:
                return
            connection.request("POST", self._url.path, body, headers)
            response = connection.getresponse()
            response.read()
            self.times.append(time.perf_counter() - started)
            self.errors += response.status not in (200, 201)
            if cookie := response.getheader("Set-Cookie"):
                headers["Cookie"] = cookie.partition(";")[0]
            time.sleep(max(0.0, started + self._pause - time.perf_counter()))
        raise RuntimeError("more drawings are needed for so many requests")


def _body(picture: bytes) -> bytes:
    head = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n'
        "Content-Type: image/png\r\n\r\n"
    )
    return head.encode() + picture + f"\r\n--{BOUNDARY}--\r\n".encode()


if __name__ == "__main__":
    main()
