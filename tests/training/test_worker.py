"""A real worker process executes the training runs that are started in the admin of a real site."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest
import requests

from tests.support.factories import ROOT, drawing_png
from tests.support.live_site import FAST_TRAINER, Site, token
from tests.support.postgres import on_postgresql

TIMEOUT = 600  # seconds; on an idle machine, each wait takes a few
# Options of a run that does not finish during a test.
LONG = {"from_scratch": "yes", "epochs": "10000", "seed": "1"}

pytestmark = pytest.mark.slow


@contextmanager
def serve(folder, small_mnist_file, **environment):
    """Serve a site with a superuser and the fast trainer during the block."""
    path, digest = small_mnist_file
    with Site(
        folder, MNIST_PATH=str(path), MNIST_SHA256=digest, **FAST_TRAINER, **environment
    ) as running:
        assert running.manage(
            "createsuperuser", "--no-input", "--username=rosa", "--email=rosa@example.org",
            DJANGO_SUPERUSER_PASSWORD="a long password",
        ).returncode == 0  # fmt: skip
        yield running


@pytest.fixture(scope="module")
def site(tmp_path_factory, small_mnist_file):
    """Start one site for all tests. Each test leaves no unfinished run."""
    with serve(tmp_path_factory.mktemp("web"), small_mnist_file) as running:
        yield running


@pytest.fixture(scope="module")
def admin(site):
    return Admin(site)


class Admin:
    """The session of a superuser."""

    def __init__(self, site):
        self.session = site.log_in("rosa", "a long password")
        self.url = f"{site.url}/admin/recognizer"
        self.api = f"{site.url}/api/v1/submissions/"

    def approve(self, digit):
        """Store, correct and approve a drawing."""
        row = self.session.post(self.api, files={"image": drawing_png(digit)}, headers=self.csrf())
        pk = row.json()["id"]
        correction = self.session.post(
            f"{self.api}{pk}/correction/", json={"digit": digit}, headers=self.csrf()
        )
        assert correction.status_code == 200
        self.post("submission/", action="approve", _selected_action=pk, label=str(digit))

    def csrf(self):
        return {"X-CSRFToken": token(self.session)}

    def post(self, path, **body):
        body["csrfmiddlewaretoken"] = token(self.session)
        response = self.session.post(f"{self.url}/{path}", body)
        assert response.status_code == 200
        return response

    def start(self, **options):
        """Start a training run with the admin's form, and return the number of the run."""
        body = {"from_scratch": "", "epochs": "1", "seed": "1"} | options
        response = self.post("trainingrun/add/", **body)
        assert "/change/" in response.url, response.text
        return int(response.url.split("/")[-3])

    def progress(self, run):
        return self.session.get(f"{self.url}/trainingrun/{run}/progress/").json()

    def wait(self, run, condition):
        """Return the progress of the run as soon as it meets the condition."""
        deadline = time.monotonic() + TIMEOUT
        while time.monotonic() < deadline:
            progress = self.progress(run)
            if condition(progress):
                return progress
            time.sleep(0.2)
        raise AssertionError(f"still {progress}")

    def wait_until_finished(self, run):
        return self.wait(run, lambda now: now["state"] not in ("waiting", "running"))

    def wait_until_training(self, run):
        return self.wait(run, lambda now: now["share"] is not None)


class Worker:
    """Run a worker process until the end of the block: `with Worker(site) as worker:`."""

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

    def stop(self, signal_number):
        """Send a signal, and return the exit status and the seconds until the exit."""
        started = time.monotonic()
        self.process.send_signal(signal_number)
        return self.process.wait(timeout=TIMEOUT), time.monotonic() - started


def live(site):
    """Return the number of the version that predicts."""
    return requests.post(
        f"{site.url}/api/v1/recognize/", files={"image": drawing_png(4)}, timeout=20
    ).json()["model_version"]


def retrain(site):
    """Make a dry run with the command, and return its exit status and decision."""
    done = site.manage("retrain", "--from-scratch", "--dry-run", "--epochs=1", "--json")
    return done.returncode, done.stdout and json.loads(done.stdout)["decision"]


# The exit status and the decision of `retrain` if it can run, and if another run is running.
WORKS = (0, "would be rejected")
BUSY = (1, "")

LET_A_MINUTE_PASS = """
from datetime import timedelta
from django.db.models import F
from recognizer.models import TrainingRun
minute = timedelta(seconds=61)
TrainingRun.objects.update(created=F("created") - minute, heartbeat_at=F("heartbeat_at") - minute)
"""


def test_version_trained_by_a_run_of_the_admin_goes_live(site, admin):
    before = live(site)
    admin.approve(4)
    run = admin.start(epochs="50")
    assert admin.progress(run)["state"] == "waiting"
    with Worker(site):
        first = admin.wait_until_training(run)
        assert first["state"] == "running"
        assert "drawings (1 new)" in first["log"]
        later = admin.wait(run, lambda now: now["share"] != first["share"])
        assert later["share"] > first["share"]
        finished = admin.wait_until_finished(run)
        assert (finished["state"], finished["message"][:6]) == ("done", "Live. ")
        time.sleep(2)
        assert live(site) == before + 1


def test_cancelled_run_stores_no_version(site, admin):
    before = live(site)
    with Worker(site):
        run = admin.start(**LONG)
        admin.wait_until_training(run)
        admin.post(f"trainingrun/{run}/cancel/")
        assert admin.wait_until_finished(run)["message"] == "Cancelled by rosa."
        assert live(site) == before
        # The worker continues with the next run.
        again = admin.start(from_scratch="yes", dry_run="on")
        assert admin.wait_until_finished(again)["message"].startswith("Would be rejected. ")


def test_run_of_a_killed_worker_is_marked_as_crashed(site, admin):
    before = live(site)
    with Worker(site) as worker:
        run = admin.start(**LONG)
        admin.wait_until_training(run)
        assert retrain(site) == BUSY
        worker.stop(signal.SIGKILL)
    assert live(site) == before
    assert retrain(site) == BUSY
    assert site.manage("shell", "-c", LET_A_MINUTE_PASS).returncode == 0
    assert retrain(site) == WORKS
    assert admin.progress(run)["state"] == "failed"
    assert admin.progress(run)["message"].startswith("The process ended: it was killed")


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM])
def test_signal_cancels_the_run_and_stops_the_worker(site, admin, signal_number):
    with Worker(site) as worker:
        run = admin.start(**LONG)
        admin.wait_until_training(run)
        status, seconds = worker.stop(signal_number)
    assert status == 0
    assert seconds < 30, "the training would take half an hour"
    assert admin.progress(run)["state"] == "cancelled"
    assert admin.progress(run)["message"] == "Interrupted: the process received a signal to stop."


def test_idle_worker_uses_almost_no_cpu(site, admin):
    with Worker(site) as worker:
        # After its first run, the worker tidies up. Then it is idle.
        admin.wait_until_finished(admin.start(from_scratch="yes", dry_run="on"))
        assert any(cpu_seconds_within(worker.process.pid, 3) < 0.15 for _ in range(10))
        assert worker.stop(signal.SIGTERM)[0] == 0


def cpu_seconds_within(pid, seconds):
    """Return the CPU time that the process uses in the next seconds."""
    before = cpu_seconds(pid)
    time.sleep(seconds)
    return cpu_seconds(pid) - before


def cpu_seconds(pid):
    """Return the CPU time that the process has used."""
    if sys.platform != "linux":
        pytest.skip("CPU time is read from /proc")
    with open(f"/proc/{pid}/stat") as file:
        user, system = file.read().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def test_worker_exits_after_its_parent(site):
    """`make run` starts the worker in the background of the shell that becomes the server."""
    command = f'"{sys.executable}" manage.py worker --parent $$ & echo $!; exec sleep 600'
    parent = subprocess.Popen(
        ["sh", "-c", command],
        cwd=ROOT,
        env=site.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    worker = int(parent.stdout.readline())
    while "waiting for training runs" not in parent.stderr.readline():
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


def test_worker_on_another_host_shares_only_the_database(tmp_path, small_mnist_file):
    here, there = tmp_path / "here", tmp_path / "there"
    with (
        on_postgresql() as database,
        serve(here, small_mnist_file, DATABASE_URL=database) as site,
    ):
        admin, before = Admin(site), live(site)
        with Worker(site, DATA_DIR=str(there)):
            run = admin.start(**LONG)
            admin.wait_until_training(run)
            assert retrain(site) == BUSY
            admin.post(f"trainingrun/{run}/cancel/")
            assert admin.wait_until_finished(run)["state"] == "cancelled"
            admin.approve(8)
            run = admin.start()
            assert admin.wait_until_finished(run)["message"].startswith("Live. ")
        assert (here / "secret_key").read_text() != (there / "secret_key").read_text()
        time.sleep(2)
        assert live(site) == before + 1


def test_page_of_a_waiting_run_says_that_no_worker_is_running(site, admin):
    run = admin.start()
    assert admin.progress(run)["message"] == "Waiting for a worker."
    assert site.manage("shell", "-c", LET_A_MINUTE_PASS).returncode == 0
    progress = admin.progress(run)
    assert progress["message"].startswith("No worker")
    assert "Start one with “manage.py worker”" in progress["message"]
    assert live(site)
    admin.post(f"trainingrun/{run}/cancel/")
    assert admin.progress(run)["state"] == "cancelled"
