"""`make bench`: requests per second, in one run: the usual site, a view that does nothing, ours.

All with gunicorn.conf.py and the same number of processes and threads. On PostgreSQL and Redis,
where they answer, once more; there is their own view that does nothing.
"""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from benchmarks.servers import PORT, SQLITE, WEB_PYTHON, Place, engines

EMPTY: Final = "a view that does nothing"
USUAL: Final = "the usual site"
SITES: Final = {
    EMPTY: ("benchmarks.empty_site", "/empty/"),
    "ours, recognize": ("digitsite.wsgi", "/api/v1/recognize/"),
    "ours, recognize and store": ("digitsite.wsgi", "/api/v1/submissions/"),
}
# Untrained: what it answers takes as long as if it were.
USUAL_MODEL: Final = (
    "import keras; from keras import layers as l; keras.Sequential([keras.Input((28, 28, 1)), "
    "l.Conv2D(32, 3, activation='relu'), l.MaxPooling2D(), l.Conv2D(64, 3, activation='relu'), "
    "l.MaxPooling2D(), l.Flatten(), l.Dropout(0.5), l.Dense(10, activation='softmax')]).save({!r})"
)
COLUMNS: Final = (
    f"{'':<26} {'per s':>7} {'× usual':>8} {'of limit':>9} {'p99 at half':>12} {'× limit':>8} "
    f"{'start':>7} {'memory':>8} {'errors':>7}"
)


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
    how = (options.connections, options.seconds)
    with TemporaryDirectory() as folder:
        usual = _usual(Path(folder), *how)
        print(COLUMNS)
        print(line(USUAL, usual, usual, usual), flush=True)
        for engine in engines():
            print(engine)
            place = Place(Path(folder) / engine, engine)
            place.prepare()
            for name, found, limit in _ours(place, *how):
                print(line(name, found, usual, limit), flush=True)


def _usual(folder: Path, *how: Any) -> Measured:
    place = Place(folder / "usual", SQLITE)
    place.prepare()
    place.run("-c", USUAL_MODEL.format(str(place.folder / "usual.keras")))
    return measure(place, sys.executable, "benchmarks.usual_site:app", "/recognize/", *how)


def _ours(place: Place, *how: Any) -> Iterator[tuple[str, Measured, Measured]]:
    limit: Measured | None = None
    for name, site in SITES.items():
        found = measure(place, WEB_PYTHON, *site, *how)
        limit = limit or found
        yield name, found, limit


def measure(
    place: Place, python: str, module: str, path: str, connections: int, seconds: float
) -> Measured:
    with place.served(module, python) as server:
        load(place, path, connections, seconds / 5)  # until all is warm
        full = load(place, path, connections, seconds)
        half = load(place, path, connections, seconds, rate=full["per_second"] / 2)
        errors = full["errors"] + half["errors"]
        megabytes = server.megabytes()
    return Measured(full["per_second"], half["p99"], errors, server.start, megabytes)


def load(place: Place, path: str, connections: int, seconds: float, rate: float = 0.0) -> Any:
    """What visitors met, see benchmarks/load.py."""
    command = ["-m", "benchmarks.load", f"http://127.0.0.1:{PORT}{path}", str(place.pictures)]
    options = [f"--connections={connections}", f"--seconds={seconds}", f"--rate={rate}"]
    return json.loads(place.run(*command, *options))


def line(name: str, one: Measured, usual: Measured, limit: Measured) -> str:
    return (
        f"{name:<26} {one.per_second:>7.1f} {one.per_second / usual.per_second:>8.1f} "
        f"{one.per_second / limit.per_second:>9.0%} {1000 * one.p99_at_half:>9.0f} ms "
        f"{one.p99_at_half / limit.p99_at_half:>8.1f} {one.start:>5.1f} s "
        f"{one.megabytes:>5.0f} MB {one.errors:>7}"
    )


if __name__ == "__main__":
    main()
