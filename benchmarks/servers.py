"""Serve sites with the server of `manage.py serve`, and measure their memory."""

import os
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, LiteralString

import numpy as np
import psycopg
import redis

from benchmarks.stroke_rendering import draw_at_random
from ml.preprocessing.png import encode_png

PORT: Final = 8765
START_TIMEOUT_SECONDS: Final = 120
PICTURE_COUNT: Final = 1000  # drawings to send
POSTGRES: Final = os.environ.get("POSTGRES_URL") or "postgres://postgres@127.0.0.1:5432/postgres"
REDIS: Final = os.environ.get("REDIS_URL") or "redis://127.0.0.1:6379/14"
DATABASE: Final = "digitsite_bench"

# The interpreter that serves our site. `make` sets one that has only the packages of a web host.
WEB_PYTHON: Final = os.environ.get("WEB_PYTHON") or sys.executable

SITE: Final = "digitsite.wsgi:application"
SQLITE: Final = "SQLite"
SQLITE_FILE: Final = "digitsite.sqlite3"
ON_POSTGRES: Final = {"DATABASE_URL": f"{POSTGRES.rpartition('/')[0]}/{DATABASE}"}
ENGINES: Final = {
    SQLITE: {"DATABASE_URL": "", "CACHE_URL": ""},
    "PostgreSQL": {**ON_POSTGRES, "CACHE_URL": ""},
    "PostgreSQL and Redis": {**ON_POSTGRES, "CACHE_URL": REDIS},
}


@dataclass(frozen=True)
class BenchmarkSite:
    """A site with its own data folder and database. `prepare` empties the database."""

    folder: Path
    engine: str

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            **ENGINES[self.engine],
            "DATA_DIR": str(self.folder),
            "PORT": str(PORT),
            # The visitors have different IP addresses, as behind a proxy, so the rate limits apply
            # to each one.
            "NUM_PROXIES": "1",
            "BASELINE_MODEL": str(self.baseline_model),
            "TF_CPP_MIN_LOG_LEVEL": "3",
        }

    @property
    def baseline_model(self) -> Path:
        """Return the file of the model that `flask_baseline` serves."""
        return self.folder / "baseline.keras"

    @property
    def pictures(self) -> Path:
        """Return the folder of the drawings to send."""
        return self.folder / "pictures"

    def prepare(self) -> None:
        """Create an empty database and drawings to send."""
        self.pictures.mkdir(parents=True)
        if self.engine != SQLITE:
            with psycopg.connect(POSTGRES, autocommit=True) as connection:
                connection.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
                connection.execute(f"CREATE DATABASE {DATABASE}")
            redis.Redis.from_url(REDIS).flushdb()
        self.run("manage.py", "migrate", "-v0")
        self.run("manage.py", "collectstatic", "--no-input", "-v0")
        rng = np.random.default_rng(1)
        for i in range(PICTURE_COUNT):
            strokes = [np.cumsum(rng.normal(0, 20, (12, 2)), axis=0).tolist()]
            picture = encode_png(draw_at_random(strokes, rng))
            (self.pictures / f"{i}.png").write_bytes(picture)

    def run(self, *command: str) -> str:
        """Run a Python program in this site's environment. Return its output."""
        done = subprocess.run(
            [sys.executable, *command],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # TensorFlow prints messages there
            text=True,
            check=True,
        )
        return done.stdout

    def database_size(self) -> int:
        """Return the bytes that the database takes, with its indexes."""
        if self.engine == SQLITE:
            self._query("PRAGMA wal_checkpoint(TRUNCATE)")
            return (self.folder / SQLITE_FILE).stat().st_size
        [size] = self._query("SELECT pg_database_size(current_database())")
        return int(size)

    def count_drawings(self) -> tuple[int, float]:
        """Return the number of stored drawings, and the mean bytes of an image."""
        rows, image = self._query("SELECT COUNT(*), AVG(LENGTH(image)) FROM recognizer_submission")
        return int(rows), float(image)

    def _query(self, statement: LiteralString) -> Any:
        """Return the first row of a statement."""
        if self.engine == SQLITE:
            with closing(sqlite3.connect(self.folder / SQLITE_FILE)) as database:
                return database.execute(statement).fetchone()
        with psycopg.connect(ON_POSTGRES["DATABASE_URL"]) as connection:
            return connection.execute(statement).fetchone()

    @contextmanager
    def serve(self, application: str = SITE, python: str = WEB_PYTHON) -> Iterator["Server"]:
        """Serve the site until the block ends. Raises `RuntimeError` if it does not start."""
        started = time.perf_counter()
        command = [python, "-m", "benchmarks.serve", application]
        server = subprocess.Popen(command, env=self.environment, stderr=subprocess.DEVNULL)
        try:
            while not _is_ready():
                time.sleep(0.02)
                if (
                    server.poll() is not None
                    or time.perf_counter() > started + START_TIMEOUT_SECONDS
                ):
                    raise RuntimeError(f"{application} did not start")
            yield Server(server.pid, time.perf_counter() - started)
        finally:
            server.terminate()
            server.wait()


@dataclass(frozen=True)
class Server:
    """A running server."""

    pid: int
    start_seconds: float  # until the first response

    def megabytes(self) -> float:
        """Return the memory of the process (Linux)."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGESIZE") / 1e6


def engines() -> list[str]:
    """Return the names of the available engines. SQLite is always available."""
    try:
        psycopg.connect(POSTGRES, connect_timeout=3).close()
        redis.Redis.from_url(REDIS).ping()
    except (psycopg.OperationalError, redis.ConnectionError) as error:
        print(f"Without PostgreSQL and Redis: {error}", file=sys.stderr)
        return [SQLITE]
    return list(ENGINES)


def _is_ready() -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/readyz/", timeout=60):
            return True
    except (urllib.error.URLError, ConnectionError):
        return False
