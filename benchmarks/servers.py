"""Sites to measure, each with gunicorn.conf.py, and what their processes hold."""

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import psycopg
import redis

from benchmarks.pen import draw_at_random
from ml.decode import encode_png

PORT: Final = 8765
PROCESSES: Final = 2
PICTURES: Final = 1000
POSTGRES: Final = os.environ.get("POSTGRES_URL") or "postgres://postgres@127.0.0.1:5432/postgres"
REDIS: Final = os.environ.get("REDIS_URL") or "redis://127.0.0.1:6379/14"
DATABASE: Final = "digitsite_bench"

# What serves our site: `make` names one that has what a web host installs, and no more.
WEB_PYTHON: Final = os.environ.get("WEB_PYTHON") or sys.executable

SQLITE: Final = "SQLite"
ON_POSTGRES: Final = {"DATABASE_URL": f"{POSTGRES.rpartition('/')[0]}/{DATABASE}"}
ENGINES: Final = {
    SQLITE: {"DATABASE_URL": "", "CACHE_URL": ""},
    "PostgreSQL": {**ON_POSTGRES, "CACHE_URL": ""},
    "PostgreSQL and Redis": {**ON_POSTGRES, "CACHE_URL": REDIS},
}


@dataclass(frozen=True)
class Place:
    """A folder and an engine: an empty database of its own."""

    folder: Path
    engine: str

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            **ENGINES[self.engine],
            "DATA_DIR": str(self.folder),
            "PORT": str(PORT),
            "WEB_CONCURRENCY": str(PROCESSES),
            # The visitors have an address each, as behind a proxy: limits are counted, and hold.
            "NUM_PROXIES": "1",
            "GUNICORN_CMD_ARGS": "--keep-alive 30",  # a slow site's visitors ask every few seconds
            "USUAL_MODEL": str(self.folder / "usual.keras"),
            "TF_CPP_MIN_LOG_LEVEL": "3",
        }

    @property
    def pictures(self) -> Path:
        return self.folder / "pictures"

    def prepare(self) -> None:
        """An empty database, and drawings to send."""
        self.pictures.mkdir(parents=True)
        if self.engine != SQLITE:
            with psycopg.connect(POSTGRES, autocommit=True) as connection:
                connection.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
                connection.execute(f"CREATE DATABASE {DATABASE}")
            redis.Redis.from_url(REDIS).flushdb()
        self.run("manage.py", "migrate", "-v0")
        self.run("manage.py", "collectstatic", "--no-input", "-v0")
        rng = np.random.default_rng(1)
        for i in range(PICTURES):
            strokes = [np.cumsum(rng.normal(0, 20, (12, 2)), axis=0).tolist()]
            picture = encode_png(draw_at_random(strokes, rng))
            (self.pictures / f"{i}.png").write_bytes(picture)

    def run(self, *command: str) -> str:
        """Run a Python program for this site; returns what it printed."""
        done = subprocess.run(
            [sys.executable, *command],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # TensorFlow greets there
            text=True,
            check=True,
        )
        return done.stdout

    @contextmanager
    def served(
        self, module: str = "digitsite.wsgi", python: str = WEB_PYTHON
    ) -> Iterator["Server"]:
        started = time.perf_counter()
        command = [python, "-m", "gunicorn", module]
        server = subprocess.Popen(command, env=self.environment, stderr=subprocess.DEVNULL)
        try:
            while not _ready():
                time.sleep(0.02)
                if server.poll() is not None or time.perf_counter() > started + 120:
                    raise RuntimeError(f"{module} did not start")
            yield Server(server.pid, time.perf_counter() - started)
        finally:
            server.terminate()
            server.wait()


@dataclass(frozen=True)
class Server:
    pid: int
    start: float  # seconds until it answered first

    def megabytes(self) -> float:
        """What the largest of its processes holds (Linux)."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        pages = (int(Path(f"/proc/{child}/statm").read_text().split()[1]) for child in children)
        return max(pages) * os.sysconf("SC_PAGESIZE") / 1e6


def engines() -> list[str]:
    """Those that answer."""
    try:
        psycopg.connect(POSTGRES, connect_timeout=3).close()
        redis.Redis.from_url(REDIS).ping()
    except (psycopg.OperationalError, redis.ConnectionError) as error:
        print(f"Without PostgreSQL and Redis: {error}", file=sys.stderr)
        return [SQLITE]
    return list(ENGINES)


def _ready() -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/readyz/", timeout=60):
            return True
    except (urllib.error.URLError, ConnectionError):
        return False
