"""PostgreSQL and Redis stop and start again: nothing is lost, and the site recovers by itself."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from tests.support.factories import drawing_png
from tests.support.live_site import Site, token

pytestmark = pytest.mark.slow

RECOVERY_SECONDS = 5
# PostgreSQL does not run as root.
AS_POSTGRES = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


class Redis:
    def __init__(self):
        if not shutil.which("redis-server"):
            pytest.skip("needs redis-server")
        self.port = free_port()
        self.environment = {"DATABASE_URL": "", "CACHE_URL": f"redis://127.0.0.1:{self.port}/0"}

    def start(self):
        command = ["redis-server", "--port", str(self.port), "--save", ""]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=10)

    def delete(self):
        pass


class Postgres:
    def __init__(self):
        pg_ctl = shutil.which("pg_ctl")
        if not pg_ctl or (AS_POSTGRES and not shutil.which("runuser")):
            pytest.skip("needs pg_ctl")
        self.pg_ctl = Path(pg_ctl).resolve()
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp())
        self.folder.chmod(0o777)
        url = f"postgres://postgres@127.0.0.1:{self.port}/postgres"
        self.environment = {"DATABASE_URL": url, "CACHE_URL": ""}
        self._run("initdb", "-o", "-A trust -U postgres")

    def start(self):
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1"
        self._run("start", "-w", "-l", str(self.folder / "log"), "-o", options)

    def stop(self):
        self._run("stop", "-w", "-m", "fast")

    def delete(self):
        shutil.rmtree(self.folder)

    def _run(self, action, *options):
        command = [*AS_POSTGRES, self.pg_ctl, action, "-D", self.folder / "data", *options]
        subprocess.run(command, cwd="/", stdout=subprocess.DEVNULL, check=action != "stop")


@pytest.fixture(params=[Postgres, Redis])
def service(request):
    service = request.param()
    service.start()
    yield service
    service.stop()
    service.delete()


def test_recovers_from_a_restart_without_losing_a_submission(service, tmp_path):
    with Site(tmp_path, **service.environment) as site, ThreadPoolExecutor(8) as pool:
        session = requests.Session()
        session.get(site.url, timeout=10)

        def submit(seed, path="submissions/"):
            url = f"{site.url}/api/v1/{path}"
            response = requests.post(
                url,
                files={"image": drawing_png(seed % 10, seed)},
                cookies=session.cookies,
                headers={"X-CSRFToken": token(session)},
                timeout=30,
            )
            return response.status_code

        # With an owner's cookie, predictions look for the owner's memory.
        url, headers = f"{site.url}/api/v1/submissions/", {"X-CSRFToken": token(session)}
        first = session.post(url, files={"image": drawing_png()}, headers=headers, timeout=30)
        assert "owner" in session.cookies
        # Eight simultaneous requests use all threads, and so all connections.
        statuses = [first.status_code, *pool.map(submit, range(500, 516))]
        assert set(statuses) == {201}
        service.stop()
        service.start()
        # No request fails because its thread has a connection from before the restart.
        statuses += [submit(seed) for seed in range(100, 104)]
        statuses += pool.map(submit, range(104, 116))
        assert set(statuses) == {201}
        service.stop()
        stopped_at = time.monotonic()
        stopped = list(pool.map(submit, range(200, 208)))
        assert set(stopped) == ({503} if isinstance(service, Postgres) else {201})
        assert time.monotonic() - stopped_at < 20  # not three seconds for each, one by one
        assert requests.get(f"{site.url}/healthz/", timeout=10).status_code == 200
        # Drawing and recognizing go on, with the version in memory.
        assert requests.get(site.url, cookies=session.cookies, timeout=10).status_code == 200
        for path in ("recognize/", "numbers/recognize/"):
            assert {submit(seed, path) for seed in range(3)} == {200}
        service.start()
        deadline = time.monotonic() + RECOVERY_SECONDS
        while submit(300) != 201:
            assert time.monotonic() < deadline
        statuses += [*stopped, 201, *pool.map(submit, range(400, 416))]
        assert statuses[-16:] == [201] * 16
        program = "from recognizer.models import Submission; print(Submission.objects.count())"
        assert int(site.manage("shell", "-v0", "-c", program).stdout) == statuses.count(201)
