"""Two web hosts act as one site, because their shared state is in one PostgreSQL and one Redis."""

import os
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
import requests

from tests.support.factories import drawing_png
from tests.support.live_site import Site
from tests.support.postgres import on_postgresql

pytestmark = [pytest.mark.database, pytest.mark.slow]

MIGRATE_AND_CREATE_A_SECOND_VERSION = """
from django.core.management import call_command
call_command("migrate", verbosity=0)
from recognizer.serving.model_registry import live_version
from tests.support.factories import create_version
create_version(live_version())
"""
RESPONSE_TIMEOUT = 20  # seconds; on an idle machine, a response takes milliseconds


class Host(Site):
    """A server with its own folder."""

    def __init__(self, folder, database):
        super().__init__(
            folder,
            DATABASE_URL=database,
            SECRET_KEY="shared by both hosts, and long enough to be accepted",
            NUM_PROXIES="1",
        )
        self.folder, self.database = folder, database

    def prepare(self):
        """Copy the static files. The fixture migrates."""
        self.copy_static_files()

    def post(self, path, address="192.0.2.1", session=requests, **body):
        """POST to the API. Without a session, each request comes from a new visitor."""
        return session.post(
            f"{self.url}/api/v1/{path}/",
            headers={"X-Forwarded-For": address},
            timeout=RESPONSE_TIMEOUT,
            **body,
        )

    def submit(self, **options):
        return self.post("submissions", files={"image": drawing_png()}, **options)

    def stored_ids(self):
        with psycopg.connect(self.database) as connection:
            rows = connection.execute("SELECT id FROM recognizer_submission").fetchall()
        return {str(pk) for (pk,) in rows}


@pytest.fixture(scope="module")
def hosts(tmp_path_factory):
    if "CACHE_URL" not in os.environ:
        pytest.skip("needs PostgreSQL and Redis (make test-services)")
    folders = [tmp_path_factory.mktemp(name) for name in ("one", "other")]
    with on_postgresql() as database:
        one, other = (Host(folder, database) for folder in folders)
        done = one.manage("shell", "-c", MIGRATE_AND_CREATE_A_SECOND_VERSION)
        assert done.returncode == 0, done.stderr
        with one, other:
            yield one, other


def test_hosts_share_only_database_and_cache(hosts):
    assert len({host.environment["DATA_DIR"] for host in hosts}) == 2
    for host in hosts:
        assert not list(host.folder.glob("*.sqlite3*"))


def test_visitor_finds_a_submission_on_both_hosts(hosts):
    one, other = hosts
    visitor = requests.Session()
    response = one.submit(session=visitor)
    assert response.status_code == 201
    path = f"/api/v1/submissions/{response.json()['id']}/"
    assert visitor.get(other.url + path).json()["id"] == response.json()["id"]
    assert requests.get(other.url + path, timeout=RESPONSE_TIMEOUT).status_code == 404


def test_hosts_count_rate_limits_together(hosts):
    """The limit is 3,000 predictions a minute. Invalid images count as well."""
    responses = [
        hosts[number % 2].post("recognize/batch", "192.0.2.2", json={"images": ["-"] * 60})
        for number in range(54)
    ]
    assert [response.status_code for response in responses] == 50 * [200] + 4 * [429]


def test_promotion_reaches_both_hosts(hosts):
    predictions, stop = [], threading.Event()

    def predict(number):
        host, image = hosts[number % 2], drawing_png()
        while not stop.is_set():
            sent_at = time.monotonic()
            response = host.post("recognize", f"192.0.2.{number}", files={"image": image})
            predictions.append((host, response.json()["model_version"], sent_at))
            time.sleep(0.01)

    with ThreadPoolExecutor(4) as pool:
        visitors = pool.map(predict, range(10, 14))
        promoted = hosts[0].manage("models", "promote", "2", "--no-input")
        promoted_at = time.monotonic()
        time.sleep(3)
        stop.set()
    assert list(visitors) == [None] * 4
    assert promoted.returncode == 0, promoted.stderr
    for host in hosts:
        own = [(version, sent_at) for by, version, sent_at in predictions if by is host]
        assert {version for version, _ in own} == {1, 2}
        assert {version for version, sent_at in own if sent_at > promoted_at + 2} == {2}


def test_killed_servers_lose_no_acknowledged_submission(hosts):
    one, other = hosts
    rng, stop = random.Random(1), threading.Event()
    acknowledged, aborted, failed = [], [], []

    def submit(number):
        while not stop.is_set():
            host = rng.choice(hosts)
            try:
                response = host.submit(address=f"198.51.100.{number}")
            except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError) as error:
                (aborted if host is one else failed).append(error)
                continue
            if response.status_code == 201:
                acknowledged.append(response.json()["id"])
            else:
                failed.append(response.text)

    with ThreadPoolExecutor(6) as pool:
        visitors = pool.map(submit, range(6))
        for start in range(3):
            if start:
                one.__enter__()
            time.sleep(1)
            one.server.kill()
            one.server.wait()
        before = len(acknowledged)
        time.sleep(1)
        stop.set()
    assert list(visitors) == [None] * 6
    assert failed == []
    assert aborted
    assert len(acknowledged) > before
    assert set(acknowledged) <= other.stored_ids()
