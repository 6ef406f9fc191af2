"""`make bench-guessing`: measure response times while eight clients guess passwords.

The guessers try random user names as fast as they can, first from one address, then from eight.
Meanwhile a visitor opens the draw page and requests predictions, and a user logs in. Both have
addresses of their own. Prints the 99th percentile of the visitor's response times, compared with an
idle site.
"""

import multiprocessing
import secrets
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Barrier, Thread
from typing import Any, Final
from urllib.parse import urlencode

import numpy as np

from benchmarks.load_generator import BOUNDARY, multipart
from benchmarks.servers import PORT, BenchmarkSite, engines

GUESSERS: Final = 8
INTERVAL_SECONDS: Final = 0.05  # between two requests of the visitor
LOGIN_INTERVAL_SECONDS: Final = 3.0
CHECKED: Final = 200  # the status if the password is wrong
USER, PASSWORD = "rosa", "a long password"
CREATE_USER: Final = (
    "from django.contrib.auth.models import User; "
    f"User.objects.create_user({USER!r}, password={PASSWORD!r})"
)


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    seconds = parser.parse_args().seconds
    print("| database | guessers | guesses per second | p99 | compared with idle | errors |")
    print("| --- | --- | --- | --- | --- | --- |")
    for engine in engines():
        with TemporaryDirectory() as folder:
            site = BenchmarkSite(Path(folder) / "site", engine)
            site.prepare()
            site.run("manage.py", "shell", "-v0", "-c", CREATE_USER)
            picture = next(site.pictures.glob("*.png")).read_bytes()
            with site.serve():
                compare(engine, PORT, picture, seconds)


def compare(engine: str, port: int, picture: bytes, seconds: float) -> None:
    """Print the results for an idle site, for guessers at one address, and at eight."""
    measure(port, picture, 2)  # The first requests load the model.
    idle = measure(port, picture, seconds)
    print(f"| {engine} | none | 0 | {idle.p99 * 1e3:.0f} ms | 1.0 | {idle.errors} |")
    for addresses in (1, GUESSERS):
        with guessing(port, addresses) as guesses:
            busy = measure(port, picture, seconds)
        rate = guesses.value / seconds
        print(
            f"| {engine} | {GUESSERS} at {addresses} | {rate:.0f} | {busy.p99 * 1e3:.0f} ms | "
            f"{busy.p99 / idle.p99:.1f} | {busy.errors} |",
            flush=True,
        )


@dataclass
class Result:
    """The response times of the visitor, and the errors of the visitor and the user."""

    seconds: list[float] = field(default_factory=list)
    errors: int = 0

    @property
    def p99(self) -> float:
        """Return the 99th percentile in seconds."""
        return float(np.quantile(self.seconds, 0.99))


def measure(port: int, picture: bytes, seconds: float) -> Result:
    """Use the site as a visitor and as a user who logs in again and again."""
    result, end = Result(), time.perf_counter() + seconds
    user = Thread(target=_log_in_until, args=(port, end, result))
    user.start()
    visitor = Client(port, "10.1.0.1")
    body = multipart(picture)
    content_type = f"multipart/form-data; boundary={BOUNDARY}"
    next_start = time.perf_counter()
    while next_start < end:
        time.sleep(max(0.0, next_start - time.perf_counter()))
        for path, data in (("/", None), ("/api/v1/recognize/", body)):
            started = time.perf_counter()
            status = visitor.request(path, data, content_type)
            result.seconds.append(time.perf_counter() - started)
            result.errors += status != 200
        next_start += INTERVAL_SECONDS
    user.join()
    return result


def _log_in_until(port: int, end: float, result: Result) -> None:
    while time.perf_counter() < end:
        result.errors += Client(port, "10.1.0.2").log_in(USER, PASSWORD) != 302
        time.sleep(LOGIN_INTERVAL_SECONDS)


@contextmanager
def guessing(port: int, addresses: int) -> Iterator[Any]:
    """Guess passwords in another process until the block ends. Yield the number of guesses.

    The block begins after one guess of each guesser has been checked. Before, the guessers are like
    any other clients, so they may keep a user from logging in for a moment.
    """
    spawn = multiprocessing.get_context("spawn")
    guesses = spawn.Value("i", 0)
    process = spawn.Process(target=_guess_with_threads, args=(port, addresses, guesses))
    process.start()
    try:
        while not guesses.value:
            time.sleep(0.01)
        yield guesses
    finally:
        process.terminate()
        process.join()


def _guess_with_threads(port: int, addresses: int, guesses: Any) -> None:
    all_checked = Barrier(GUESSERS)
    # The addresses of the run before are locked out.
    network = f"10.2.{addresses}"
    threads = [
        Thread(target=_guess, args=(port, f"{network}.{number % addresses}", all_checked, guesses))
        for number in range(GUESSERS)
    ]
    for thread in threads:
        thread.start()


def _guess(port: int, address: str, all_checked: Barrier, guesses: Any) -> None:
    client = Client(port, address)
    while client.log_in(secrets.token_hex(8), "guess") != CHECKED:
        pass
    all_checked.wait()
    while True:
        client.log_in(secrets.token_hex(8), "guess")
        with guesses.get_lock():
            guesses.value += 1


class Client:
    """A client with one connection that it keeps open."""

    def __init__(self, port: int, address: str) -> None:
        self._connection = HTTPConnection("127.0.0.1", port, timeout=60)
        self._address = address
        # Any value is accepted, because the cookie and the form have the same.
        self._token = secrets.token_hex(16)

    def request(self, path: str, body: bytes | None = None, content_type: str = "") -> int:
        """Send a GET, or with a body a POST. Return the status."""
        headers = {"X-Forwarded-For": self._address, "Cookie": f"csrftoken={self._token}"}
        if body is not None:
            headers["Content-Type"] = content_type
        self._connection.request("GET" if body is None else "POST", path, body, headers)
        response = self._connection.getresponse()
        response.read()
        return response.status

    def log_in(self, name: str, password: str) -> int:
        """Send the form of the login page. Return the status."""
        form = {"username": name, "password": password, "csrfmiddlewaretoken": self._token}
        body = urlencode(form).encode()
        return self.request("/login/", body, "application/x-www-form-urlencoded")


if __name__ == "__main__":
    main()
