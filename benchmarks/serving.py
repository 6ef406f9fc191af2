"""`make bench`: requests per second, in one run: the usual site, a view that does nothing, ours.

All three with gunicorn.conf.py and the same number of processes and threads. DATABASE_URL and
CACHE_URL, if set, name a database that may be filled and a Redis; else it is SQLite.
"""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np

from benchmarks.pen import draw_at_random
from ml.decode import encode_png

PORT: Final = 8765
PROCESSES: Final = 2
PICTURES: Final = 2000  # a visitor sends each once
SITES: Final = {
    "the usual site": ("benchmarks.usual_site:app", "/recognize/"),
    "a view that does nothing": ("benchmarks.empty_site", "/empty/"),
    "ours, recognize": ("digitsite.wsgi", "/api/v1/recognize/"),
    "ours, recognize and store": ("digitsite.wsgi", "/api/v1/submissions/"),
}
USUAL, LIMIT = list(SITES)[:2]


@dataclass(frozen=True)
class Measured:
    per_second: float
    p99_at_half: float  # seconds, while half as many ask
    errors: int
    start: float  # seconds until the first answer
    megabytes: float  # of the largest process


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--connections", type=int, default=16)
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        prepare(Path(folder))
        found = {
            name: measure(Path(folder), *site, options.connections, options.seconds)
            for name, site in SITES.items()
        }
    print(table(found))


def prepare(folder: Path) -> None:
    """Drawings to send, a network for the usual site, a database for ours."""
    rng = np.random.default_rng(1)
    (folder / "pictures").mkdir()
    for i in range(PICTURES):
        strokes = [np.cumsum(rng.normal(0, 20, (12, 2)), axis=0).tolist()]
        picture = encode_png(draw_at_random(strokes, rng))
        (folder / "pictures" / f"{i}.png").write_bytes(picture)
    # Untrained: what it answers takes as long as if it were.
    program = (
        "import keras; from keras import layers as l; keras.Sequential([keras.Input((28, 28, 1)), "
        "l.Conv2D(32, 3, activation='relu'), l.MaxPooling2D(), l.Conv2D(64, 3, activation='relu'), "
        "l.MaxPooling2D(), l.Flatten(), l.Dropout(0.5), l.Dense(10, activation='softmax')])"
        f".save({str(folder / 'usual.keras')!r})"
    )
    for command in (
        ["-c", program],
        ["manage.py", "migrate", "-v0"],
        ["manage.py", "collectstatic", "--no-input", "-v0"],
    ):
        subprocess.run(
            [sys.executable, *command],
            env=environment(folder),
            stderr=subprocess.DEVNULL,  # TensorFlow greets there
            check=True,
        )


def environment(folder: Path) -> dict[str, str]:
    return os.environ | {
        "DATA_DIR": str(folder),
        "PORT": str(PORT),
        "WEB_CONCURRENCY": str(PROCESSES),
        "RATE_LIMITS": "off",
        "USUAL_MODEL": str(folder / "usual.keras"),
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }


def measure(folder: Path, module: str, path: str, connections: int, seconds: float) -> Measured:
    with served(folder, module) as (server, start):
        url = f"http://127.0.0.1:{PORT}{path}"
        load(folder, url, connections, seconds / 5)  # until all is warm
        full = load(folder, url, connections, seconds)
        half = load(folder, url, connections, seconds, rate=full["per_second"] / 2)
        errors = full["errors"] + half["errors"]
        return Measured(full["per_second"], half["p99"], errors, start, _megabytes(server.pid))


def load(folder: Path, url: str, connections: int, seconds: float, rate: float = 0.0) -> Any:
    command = [sys.executable, "-m", "benchmarks.load", url, str(folder / "pictures")]
    command += [f"--connections={connections}", f"--seconds={seconds}"]
    if rate:
        command.append(f"--rate={rate}")
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


@contextmanager
def served(folder: Path, module: str) -> Iterator[tuple["subprocess.Popen[bytes]", float]]:
    """The server, and how long it took to answer first."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "gunicorn", module]
    server = subprocess.Popen(command, env=environment(folder), stderr=subprocess.DEVNULL)
    try:
        while not _ready():
            time.sleep(0.02)
            if server.poll() is not None or time.perf_counter() > started + 120:
                raise RuntimeError(f"{module} did not start")
        yield server, time.perf_counter() - started
    finally:
        server.terminate()
        server.wait()


def _ready() -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/readyz/", timeout=60):
            return True
    except (urllib.error.URLError, ConnectionError):
        return False


def _megabytes(server: int) -> float:
    """What the largest of its processes holds (Linux)."""
    children = Path(f"/proc/{server}/task/{server}/children").read_text().split()
    pages = (int(Path(f"/proc/{child}/statm").read_text().split()[1]) for child in children)
    return max(pages) * os.sysconf("SC_PAGESIZE") / 1e6


def table(found: dict[str, Measured]) -> str:
    usual, limit = found[USUAL], found[LIMIT]
    lines = [
        f"{'':<26} {'per s':>7} {'× usual':>8} {'of limit':>9} {'p99 at half':>12} {'× limit':>8} "
        f"{'start':>7} {'memory':>8} {'errors':>7}"
    ]
    for name, one in found.items():
        lines.append(
            f"{name:<26} {one.per_second:>7.1f} {one.per_second / usual.per_second:>8.1f} "
            f"{one.per_second / limit.per_second:>9.0%} {1000 * one.p99_at_half:>9.0f} ms "
            f"{one.p99_at_half / limit.p99_at_half:>8.1f} {one.start:>5.1f} s "
            f"{one.megabytes:>5.0f} MB {one.errors:>7}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
