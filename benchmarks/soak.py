"""`make bench-soak`: watch the memory for half an hour at half of the site's maximum load.

Prints the memory about every 10,000 requests, and its slope in the second
half. Also prints the number of responses with status 201 and the number of stored submissions,
which must be equal.
"""

import time
from argparse import ArgumentParser
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np

from benchmarks.servers import SQLITE, BenchmarkSite, Server
from benchmarks.serving import run_load_generator

SUBMIT: Final = "/api/v1/submissions/"
CONNECTIONS: Final = 16
SAMPLE_SECONDS: Final = 5.0  # between measurements of the memory
REQUESTS_PER_LINE: Final = 10_000
WARMUP_SECONDS: Final = 10
COUNT_SUBMISSIONS: Final = (
    "from recognizer.models import Submission; print(Submission.objects.count())"
)


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        site = BenchmarkSite(Path(folder) / "site", SQLITE)
        site.prepare()
        with site.serve() as server, ThreadPoolExecutor() as background:
            first = run_load_generator(site, SUBMIT, CONNECTIONS, WARMUP_SECONDS)
            rate = first["per_second"] / 2
            job = background.submit(
                run_load_generator, site, SUBMIT, CONNECTIONS, 60 * options.minutes, rate
            )
            seconds, megabytes = watch(server, 60 * options.minutes, rate)
            summary = job.result()
        rows = int(site.run("manage.py", "shell", "-v0", "-c", COUNT_SUBMISSIONS))
    half = len(seconds) // 2
    slope = 600 * np.polyfit(seconds[half:], megabytes[half:], 1)[0]
    print(
        f"{options.minutes:g} minutes at {rate:.0f} requests/s: {summary['errors']} errors; "
        f"{first['stored'] + summary['stored']} responses with status 201, {rows} submissions; "
        f"memory {slope:+.2f} MB in 10 minutes (second half)"
    )


def watch(server: Server, duration: float, rate: float) -> tuple[list[float], list[float]]:
    """Measure the memory regularly for `duration` seconds. Return the times and the megabytes."""
    started, printed = time.monotonic(), 0
    seconds: list[float] = []
    megabytes: list[float] = []
    while (now := time.monotonic() - started) < duration:
        seconds.append(now)
        megabytes.append(server.megabytes())
        if rate * now >= printed:
            print(f"{printed:>9,} requests {megabytes[-1]:6.1f} MB", flush=True)
            printed += REQUESTS_PER_LINE
        time.sleep(SAMPLE_SECONDS)
    return seconds, megabytes


if __name__ == "__main__":
    main()
