"""A command that is told to end ends at once, says what it did, and by its status that it did not
finish; Ctrl-C and SIGTERM are the same."""

import signal
import subprocess
import sys
import time

import pytest
from kit import ROOT
from site_under_test import Site

TWO_OLD_VERSIONS = """
from kit import new_version
from recognizer import registry
for _ in range(3):
    new_version(registry.live_version())
"""


@pytest.fixture
def site(tmp_path):
    site = Site(tmp_path, DATABASE_URL="")
    for command in (["migrate"], ["shell", "-v0", "-c", TWO_OLD_VERSIONS]):
        assert site.manage(*command, PYTHONPATH=str(ROOT / "tests")).returncode == 0
    return site


@pytest.mark.parametrize("told", [signal.SIGINT, signal.SIGTERM])
def test_it_works(site, told):
    """While it asks whether to delete."""
    process = start(site, "models", "prune", "--keep=1")
    assert b"Delete the files" in process.stdout.read1()
    time.sleep(1)  # until it waits for the answer
    assert end(process, told) == 130
    assert process.stderr.read().endswith(b"\nInterrupted. Nothing was changed.\n")
    assert b"files deleted" not in site.manage("models", "list").stdout.encode()


def test_a_command_of_djangos(site):
    busy = "import time; print('busy', flush=True); time.sleep(60)"
    process = start(site, "shell", "-v0", "-c", busy)
    assert b"busy" in process.stdout.read1()
    time.sleep(1)
    assert end(process, signal.SIGTERM) == 130
    assert process.stderr.read().strip() == b"Interrupted."


def test_a_worker_is_told_to_end_as_a_matter_of_course(site):
    process = start(site, "worker")
    time.sleep(4)
    assert end(process, signal.SIGTERM) == 0


def start(site, *arguments):
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.Popen(command, cwd=ROOT, env=site.environment, **pipes)


def end(process, told):
    process.send_signal(told)
    return process.wait(timeout=20)
