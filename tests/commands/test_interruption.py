"""Ctrl-C and SIGTERM end a command at once, with exit status 130 and a message.

The worker exits with status 0, because a signal is the usual way to stop it.
"""

import signal
import subprocess
import sys
import time

import pytest

from tests.support.live_site import ROOT, Site

pytestmark = pytest.mark.slow

CREATE_THREE_VERSIONS = """
from recognizer.serving.model_registry import live_version
from tests.support.factories import create_version
for _ in range(3):
    create_version(live_version(), state="rejected")
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    site = Site(tmp_path_factory.mktemp("site"), DATABASE_URL="")
    for command in (["migrate"], ["shell", "-v0", "-c", CREATE_THREE_VERSIONS]):
        done = site.manage(*command)
        assert done.returncode == 0, done.stderr
    return site


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_during_a_question_changes_nothing(site, number):
    process = start(site, "models", "prune", "--keep=1")
    assert b"Delete the files" in process.stdout.read1()
    time.sleep(1)  # until the command waits for the answer
    assert stop(process, number) == 130
    assert process.stderr.read().endswith(b"\nInterrupted. Nothing was changed.\n")
    assert "files deleted" not in site.manage("models", "list").stdout


def test_sigterm_also_ends_django_commands(site):
    process = start(site, "shell", "-v0", "-c", "import time; print(1, flush=True); time.sleep(60)")
    assert b"1" in process.stdout.read1()
    time.sleep(1)
    assert stop(process, signal.SIGTERM) == 130
    assert process.stderr.read().strip() == b"Interrupted."


def test_worker_exits_with_0_on_sigterm(site):
    process = start(site, "worker")
    while b"waiting for training runs" not in process.stderr.readline():
        assert process.poll() is None
    assert stop(process, signal.SIGTERM) == 0


def start(site, *arguments):
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.Popen(command, cwd=ROOT, env=site.environment, **pipes)


def stop(process, number):
    """Send a signal, and return the exit status."""
    process.send_signal(number)
    return process.wait(timeout=20)
