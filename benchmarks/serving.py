"""`make bench`: compare the speed of our site, the Flask baseline and a no-op view.

The same server serves them, with the same number of threads. If PostgreSQL and Redis are
available, our site and the no-op view are also measured with them.
"""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from benchmarks.servers import PORT, SITE, SQLITE, WEB_PYTHON, BenchmarkSite, engines

NOOP: Final = "no-op view"
BASELINE: Final = "Flask baseline"
SITES: Final = {
    NOOP: ("benchmarks.noop_site:application", "/noop/"),
    "recognize": (SITE, "/api/v1/recognize/"),
    "recognize and store": (SITE, "/api/v1/submissions/"),
}
# The model is not trained, because training does not change the time of a prediction.
SAVE_BASELINE_MODEL: Final = (
    "import keras; from keras import layers as l; keras.Sequential([keras.Input((28, 28, 1)), "
    "l.Conv2D(32, 3, activation='relu'), l.MaxPooling2D(), l.Conv2D(64, 3, activation='relu'), "
    "l.MaxPooling2D(), l.Flatten(), l.Dropout(0.5), l.Dense(10, activation='softmax')]).save({!r})"
)
COLUMNS: Final = (
    f"{'':<26} {'per s':>7} {'× Flask':>8} {'of no-op':>9} {'p99 at half':>12} {'× no-op':>8} "
    f"{'start':>7} {'memory':>8} {'errors':>7}"
)


@dataclass(frozen=True)
class Measurement:
    """The measurement of one URL."""

    per_second: float  # requests at full load
    p99_at_half_load: float  # seconds
    errors: int
    start_seconds: float  # until the first response
    megabytes: float  # memory


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--connections", type=int, default=16)
    options = parser.parse_args()
    load_options = (options.connections, options.seconds)
    with TemporaryDirectory() as folder:
        baseline = _measure_baseline(Path(folder), *load_options)
        print(COLUMNS)
        print(line(BASELINE, baseline, baseline, baseline), flush=True)
        for engine in engines():
            print(engine)
            site = BenchmarkSite(Path(folder) / engine, engine)
            site.prepare()
            empty = site.database_size()
            for name, measured, noop in _measure_ours(site, *load_options):
                print(line(name, measured, baseline, noop), flush=True)
            # The last measurement has stored drawings.
            rows, image = site.count_drawings()
            row = (site.database_size() - empty) / rows
            print(capacity(measured.per_second, row, image), flush=True)


def _measure_baseline(folder: Path, *load_options: Any) -> Measurement:
    site = BenchmarkSite(folder / "flask", SQLITE)
    site.prepare()
    site.run("-c", SAVE_BASELINE_MODEL.format(str(site.baseline_model)))
    app = "benchmarks.flask_baseline:app"
    return measure(site, sys.executable, app, "/recognize/", *load_options)


def _measure_ours(
    site: BenchmarkSite, *load_options: Any
) -> Iterator[tuple[str, Measurement, Measurement]]:
    """Yield each view's name, its measurement, and the measurement of the no-op view."""
    noop: Measurement | None = None
    for name, (application, path) in SITES.items():
        measured = measure(site, WEB_PYTHON, application, path, *load_options)
        noop = noop or measured
        yield name, measured, noop


def measure(
    site: BenchmarkSite, python: str, application: str, path: str, connections: int, seconds: float
) -> Measurement:
    """Measure one URL at full load, then at half of that load."""
    with site.serve(application, python) as server:
        run_load_generator(site, path, connections, seconds / 5)  # This load only warms up.
        full = run_load_generator(site, path, connections, seconds)
        half = run_load_generator(site, path, connections, seconds, rate=full["per_second"] / 2)
        errors = full["errors"] + half["errors"]
        megabytes = server.megabytes()
    return Measurement(full["per_second"], half["p99"], errors, server.start_seconds, megabytes)


def run_load_generator(
    site: BenchmarkSite, path: str, connections: int, seconds: float, rate: float = 0.0
) -> Any:
    """Run benchmarks/load_generator.py against the site. Return its summary."""
    command = [
        "-m",
        "benchmarks.load_generator",
        f"http://127.0.0.1:{PORT}{path}",
        str(site.pictures),
    ]
    options = [f"--connections={connections}", f"--seconds={seconds}", f"--rate={rate}"]
    return json.loads(site.run(*command, *options))


def line(name: str, one: Measurement, baseline: Measurement, noop: Measurement) -> str:
    """Return the measurement as a row of the table."""
    return (
        f"{name:<26} {one.per_second:>7.1f} {one.per_second / baseline.per_second:>8.1f} "
        f"{one.per_second / noop.per_second:>9.0%} {1000 * one.p99_at_half_load:>9.0f} ms "
        f"{one.p99_at_half_load / noop.p99_at_half_load:>8.1f} {one.start_seconds:>5.1f} s "
        f"{one.megabytes:>5.0f} MB {one.errors:>7}"
    )


def capacity(per_second: float, row: float, image: float) -> str:
    """Return how many drawings a web process can store in a day, and how many fit into a GB.

    `row` and `image` are the bytes of a row with its indexes, and those of its image.
    """
    return (
        f"{per_second * 24 * 60 * 60 / 1e6:.1f} million drawings a day; {row / 1000:.1f} KB per "
        f"drawing, of which {image / 1000:.1f} KB are the image; {1e9 / row:,.0f} drawings per GB"
    )


if __name__ == "__main__":
    main()
