"""Web hosts hold no state: two of them, with one PostgreSQL and one Redis, are one site."""

import os
import random
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
import requests
from databases import on_postgresql
from kit import ROOT, drawing
from site_under_test import Site

TABLES_AND_A_SECOND_VERSION = """
from django.core.management import call_command
call_command("migrate", verbosity=0)
from kit import new_version
from recognizer.registry import live_version
new_version(live_version())
"""
PATIENCE = 20  # seconds, for an answer that takes milliseconds on an idle machine


class Host(Site):
    """A server of two processes, with a folder of its own."""

    def __init__(self, folder, database):
        super().__init__(
            folder,
            DATABASE_URL=database,
            SECRET_KEY="shared by both hosts, and long enough to be no nonsense",
            NUM_PROXIES="1",
            WEB_CONCURRENCY="2",
        )
        self.folder, self.database = folder, database

    def prepare(self):
        """What one of them does suffices; and the API needs no static files."""

    def ask(self, path, address="192.0.2.1", session=requests, **body):
        """POST to the API; without a session through a fresh connection, by a new visitor."""
        return session.post(
            f"{self.url}/api/v1/{path}/",
            headers={"X-Forwarded-For": address},
            timeout=PATIENCE,
            **body,
        )

    def submit(self, **how):
        return self.ask("submissions", files={"image": drawing()}, **how)

    def workers(self):
        master = self.server.pid
        return [
            int(pid) for pid in Path(f"/proc/{master}/task/{master}/children").read_text().split()
        ]

    def stored(self):
        with psycopg.connect(self.database) as connection:
            rows = connection.execute("SELECT id FROM recognizer_submission").fetchall()
        return {str(pk) for (pk,) in rows}


@pytest.fixture(scope="module")
def hosts(tmp_path_factory):
    if "CACHE_URL" not in os.environ:
        pytest.skip("left out: needs PostgreSQL and Redis (make test-services)")
    if sys.platform != "linux":
        pytest.skip("left out: processes are found in /proc")
    folders = [tmp_path_factory.mktemp(name) for name in ("one", "other")]
    with on_postgresql() as database:
        one, other = (Host(folder, database) for folder in folders)
        made = one.manage(
            "shell", "-c", TABLES_AND_A_SECOND_VERSION, PYTHONPATH=str(ROOT / "tests")
        )
        assert made.returncode == 0, made.stderr
        with one, other:
            yield one, other


def test_they_share_nothing_but_database_and_cache(hosts):
    assert len({host.environment["DATA_DIR"] for host in hosts}) == 2
    for host in hosts:
        assert not list(host.folder.glob("*.sqlite3*"))


def test_a_visitor_of_both(hosts):
    one, other = hosts
    visitor = requests.Session()
    answer = one.submit(session=visitor)
    assert answer.status_code == 201
    path = f"/api/v1/submissions/{answer.json()['id']}/"
    assert visitor.get(other.url + path).json()["id"] == answer.json()["id"]
    assert requests.get(other.url + path, timeout=PATIENCE).status_code == 404


def test_quotas_count_together(hosts):
    """3,000 recognitions a minute are the default. (What is sent here is no image.)"""
    answers = [
        hosts[number % 2].ask("recognize/batch", "192.0.2.2", json={"images": ["-"] * 60})
        for number in range(54)
    ]
    assert [answer.status_code for answer in answers] == 50 * [200] + 4 * [429]


def test_a_promotion_reaches_all_workers(hosts):
    seen, stop = [], threading.Event()

    def watch(number):
        host, image = hosts[number % 2], drawing()
        while not stop.is_set():
            asked = time.monotonic()
            answer = host.ask("recognize", f"192.0.2.{number}", files={"image": image})
            seen.append((host, answer.json()["model_version"], asked))
            time.sleep(0.01)

    with ThreadPoolExecutor(4) as pool:
        watching = pool.map(watch, range(10, 14))
        promoted = hosts[0].manage("models", "promote", "2", "--no-input")
        done = time.monotonic()
        time.sleep(5)
        stop.set()
    assert list(watching) == [None] * 4
    assert promoted.returncode == 0, promoted.stderr
    for host in hosts:
        assert {version for who, version, _ in seen if who is host} == {1, 2}
        late = [version for who, version, asked in seen if who is host and asked > done + 2]
        assert set(late) == {2}
        # Each of its processes was asked: it counted answers of the new version.
        counts = host.folder / "metrics" / host.environment["PORT"]
        assert len(host.workers()) == 2
        for pid in host.workers():
            assert b'"version": "2"' in (counts / f"counter_{pid}.db").read_bytes()


def test_what_was_answered_is_stored_whoever_is_killed(hosts):
    one, other = hosts
    chance, stop = random.Random(1), threading.Event()
    stored, lost, failed = [], [], []

    def draw(number):
        while not stop.is_set():
            host = chance.choice(hosts)
            try:
                answer = host.submit(address=f"198.51.100.{number}")
            except requests.ConnectionError as error:
                (lost if host is one else failed).append(error)
                continue
            if answer.status_code == 201:
                stored.append(answer.json()["id"])
            else:
                failed.append(answer.text)

    with ThreadPoolExecutor(6) as pool:
        visitors = pool.map(draw, range(6))
        for _ in range(5):
            time.sleep(1)
            os.kill(chance.choice(one.workers()), signal.SIGKILL)
        time.sleep(1)
        for pid in (one.server.pid, *one.workers()):
            os.kill(pid, signal.SIGKILL)
        one.server.wait()
        before = len(stored)
        time.sleep(2)
        stop.set()
    assert list(visitors) == [None] * 6
    assert failed == []
    assert lost
    assert len(stored) > before
    assert set(stored) <= other.stored()
