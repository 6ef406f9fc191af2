"""`make bench-soak`: half an hour at half of the load that the site can bear; what its memory does.

Prints the largest process's memory after each 10,000 requests, the slope of the second half, and
whether each drawing that was answered with 201 is stored.
"""

import time
from argparse import ArgumentParser
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np

from benchmarks.servers import SQLITE, Place, Server
from benchmarks.serving import load

SUBMIT: Final = "/api/v1/submissions/"
CONNECTIONS: Final = 16
EVERY: Final = 5.0  # seconds from one look at the memory to the next
PRINTED: Final = 10_000  # requests
COUNT: Final = "from recognizer.models import Submission; print(Submission.objects.count())"


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        place = Place(Path(folder) / "site", SQLITE)
        place.prepare()
        with place.served() as server, ThreadPoolExecutor() as background:
            first = load(place, SUBMIT, CONNECTIONS, 10)
            rate = first["per_second"] / 2
            job = background.submit(load, place, SUBMIT, CONNECTIONS, 60 * options.minutes, rate)
            seconds, megabytes = watch(server, 60 * options.minutes, rate)
            found = job.result()
        rows = int(place.run("manage.py", "shell", "-v0", "-c", COUNT))
    half = len(seconds) // 2
    slope = 600 * np.polyfit(seconds[half:], megabytes[half:], 1)[0]
    print(
        f"{options.minutes:g} minutes at {rate:.0f} requests/s: {found['errors']} errors; "
        f"{first['stored'] + found['stored']} answers 201, {rows} rows; "
        f"memory {slope:+.2f} MB in 10 minutes (second half)"
    )


def watch(server: Server, duration: float, rate: float) -> tuple[list[float], list[float]]:
    """Seconds since the start, and the largest process's memory then; prints some of it."""
    started, printed = time.monotonic(), 0
    seconds: list[float] = []
    megabytes: list[float] = []
    while (now := time.monotonic() - started) < duration:
        seconds.append(now)
        megabytes.append(server.megabytes())
        if rate * now >= printed:
            print(f"{printed:>9,} requests {megabytes[-1]:6.1f} MB", flush=True)
            printed += PRINTED
        time.sleep(EVERY)
    return seconds, megabytes


if __name__ == "__main__":
    main()
