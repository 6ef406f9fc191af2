"""Retrainings that are started in the admin of a real site, and done by a real worker."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest
import requests
from databases import on_postgresql
from kit import ROOT, drawing
from site_under_test import Site, token

PATIENCE = 600  # seconds, for what takes a few on an idle machine
LONG = {"from_scratch": "yes", "epochs": "10000", "seed": "1"}


@contextmanager
def serving(folder, small_mnist_file, **environment):
    path, digest = small_mnist_file
    with Site(folder, MNIST_PATH=str(path), MNIST_SHA256=digest, **environment) as running:
        assert running.manage(
            "createsuperuser", "--no-input", "--username=rosa", "--email=rosa@example.org",
            DJANGO_SUPERUSER_PASSWORD="a long password",
        ).returncode == 0  # fmt: skip
        yield running


@pytest.fixture(scope="module")
def site(tmp_path_factory, small_mnist_file):
    """One for all tests, as it takes long to start: each leaves nothing unfinished."""
    with serving(tmp_path_factory.mktemp("web"), small_mnist_file) as running:
        yield running


@pytest.fixture(scope="module")
def desk(site):
    return Desk(site)


class Desk:
    """The browser of Rosa, who may do everything."""

    def __init__(self, site):
        self.session = site.log_in("rosa", "a long password")
        self.admin = f"{site.url}/admin/recognizer"
        self.api = f"{site.url}/api/v1/submissions/"

    def approve(self, digit):
        """Something new to learn."""
        row = self.session.post(self.api, files={"image": drawing(digit)}, headers=self.csrf())
        number = row.json()["id"]
        correction = self.session.post(
            f"{self.api}{number}/correction/", json={"digit": digit}, headers=self.csrf()
        )
        assert correction.status_code == 200
        self.post("submission/", action="approve", _selected_action=number, label="")

    def csrf(self):
        return {"X-CSRFToken": token(self.session)}

    def post(self, path, **body):
        body["csrfmiddlewaretoken"] = token(self.session)
        answer = self.session.post(f"{self.admin}/{path}", body)
        assert answer.status_code == 200
        return answer

    def start(self, **options):
        """Start a retraining as the form does; returns the number of its run."""
        body = {"from_scratch": "", "epochs": "1", "seed": "1"} | options
        answer = self.post("trainingrun/add/", **body)
        assert "/change/" in answer.url, answer.text
        return int(answer.url.split("/")[-3])

    def look(self, run):
        return self.session.get(f"{self.admin}/trainingrun/{run}/progress/").json()

    def wait(self, run, until):
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            seen = self.look(run)
            if until(seen):
                return seen
            time.sleep(0.2)
        raise AssertionError(f"still {seen}")

    def wait_until_over(self, run):
        return self.wait(run, lambda seen: seen["state"] not in ("waiting", "running"))

    def wait_until_it_trains(self, run):
        return self.wait(run, lambda seen: seen["share"] is not None)


class Worker:
    """`with Worker(site) as worker:` works until the end of the block."""

    def __init__(self, site, *arguments, **environment):
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "worker", *arguments],
            cwd=ROOT,
            env=site.environment | environment,
        )

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.process.kill()
        self.process.wait()

    def end(self, how):
        """Send a signal; returns the exit status, and after how many seconds it came."""
        asked = time.monotonic()
        self.process.send_signal(how)
        return self.process.wait(timeout=PATIENCE), time.monotonic() - asked


def live(site):
    return requests.post(
        f"{site.url}/api/v1/recognize/", files={"image": drawing(4)}, timeout=20
    ).json()["model_version"]


def retrain(site):
    """By the command, without a change: exit status and decision."""
    done = site.manage("retrain", "--from-scratch", "--dry-run", "--epochs=1", "--json")
    return done.returncode, done.stdout and json.loads(done.stdout)["decision"]


WORKS = (0, "would be refused")  # it has learned next to nothing
BUSY = (1, "")


def test_from_the_admin_to_a_live_version(site, desk):
    before = live(site)
    desk.approve(4)
    run = desk.start(epochs="10")
    assert desk.look(run)["state"] == "waiting"
    with Worker(site):
        seen = desk.wait_until_it_trains(run)
        assert seen["state"] == "running"
        assert "corrections (1 new)" in seen["log"]
        more = desk.wait(run, lambda now: now["share"] != seen["share"])
        assert more["share"] > seen["share"]
        over = desk.wait_until_over(run)
        assert (over["state"], over["words"][:6]) == ("done", "Live. ")
        time.sleep(2)
        assert live(site) == before + 1


def test_cancel(site, desk):
    before = live(site)
    with Worker(site):
        run = desk.start(**LONG)
        desk.wait_until_it_trains(run)
        desk.post(f"trainingrun/{run}/cancel/")
        assert desk.wait_until_over(run)["words"] == "Cancelled by rosa."
        assert live(site) == before
        # The worker goes on with what is started next.
        again = desk.start(from_scratch="yes", dry_run="on")
        assert desk.wait_until_over(again)["words"].startswith("Would be refused. ")


def test_a_killed_worker(site, desk):
    before = live(site)
    with Worker(site) as worker:
        run = desk.start(**LONG)
        desk.wait_until_it_trains(run)
        assert retrain(site) == BUSY
        worker.end(signal.SIGKILL)
    assert live(site) == before
    assert retrain(site) == WORKS
    assert desk.look(run)["state"] == "failed"
    assert desk.look(run)["words"].startswith("The process ended: killed")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_worker_that_is_told_to_end_in_the_middle(site, desk, how):
    with Worker(site) as worker:
        run = desk.start(**LONG)
        desk.wait_until_it_trains(run)
        status, seconds = worker.end(how)
    assert status == 0
    assert seconds < 30  # the training would take hours
    assert desk.look(run)["state"] == "cancelled"
    assert desk.look(run)["words"] == "Interrupted: its process was told to stop."


def test_a_worker_with_nothing_to_do(site, desk):
    """It ends when it is told to, and costs next to nothing until then."""
    with Worker(site) as worker:
        desk.wait_until_over(desk.start(from_scratch="yes", dry_run="on"))  # it is up
        time.sleep(2)
        before = cpu_seconds(worker.process.pid)
        time.sleep(6)
        assert cpu_seconds(worker.process.pid) - before < 0.3
        assert worker.end(signal.SIGTERM)[0] == 0


def cpu_seconds(pid):
    if sys.platform != "linux":
        pytest.skip("left out: CPU time is read from /proc")
    with open(f"/proc/{pid}/stat") as file:
        user, system = file.read().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def test_a_worker_ends_after_its_parent(site):
    """As `make run` starts it: nobody is left behind, however the server ends."""
    command = f'"{sys.executable}" manage.py worker --parent $$ & echo $!; exec sleep 600'
    parent = subprocess.Popen(
        ["sh", "-c", command], cwd=ROOT, env=site.environment, stdout=subprocess.PIPE, text=True
    )
    worker = int(parent.stdout.readline())
    time.sleep(5)
    assert is_alive(worker)
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 60
    while is_alive(worker):
        assert time.monotonic() < deadline
        time.sleep(0.2)


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_worker_on_another_host(tmp_path, small_mnist_file):
    """It shares the database and nothing else: no folder, no secret key, no lock."""
    here, there = tmp_path / "here", tmp_path / "there"
    with (
        on_postgresql() as database,
        serving(here, small_mnist_file, DATABASE_URL=database) as site,
    ):
        desk, before = Desk(site), live(site)
        with Worker(site, DATA_DIR=str(there)):
            run = desk.start(**LONG)
            desk.wait_until_it_trains(run)
            assert (there / "retrain.lock").exists()
            assert not (here / "retrain.lock").exists()
            # Here the lock is free, so only the database can say that one is running.
            assert retrain(site) == BUSY
            desk.post(f"trainingrun/{run}/cancel/")
            assert desk.wait_until_over(run)["state"] == "cancelled"
            desk.approve(8)
            run = desk.start()
            assert desk.wait_until_over(run)["words"].startswith("Live. ")
        assert (here / "secret_key").read_text() != (there / "secret_key").read_text()
        time.sleep(2)
        assert live(site) == before + 1


def test_without_a_worker(site, desk):
    """The site works, and the run's page says what is missing."""
    run = desk.start()
    said = desk.wait(run, lambda seen: "No worker" in seen["words"])
    assert "Start one with “manage.py worker”" in said["words"]
    assert live(site)
    desk.post(f"trainingrun/{run}/cancel/")
    assert desk.look(run)["state"] == "cancelled"
