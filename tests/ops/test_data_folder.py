"""A data folder that cannot be written ends each command with one clear sentence."""

import os
import shutil
import subprocess
import sys

import pytest

from tests.support.live_site import ROOT, Site

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        os.name == "nt" or (os.geteuid() == 0 and not shutil.which("setpriv")),
        reason="needs POSIX permissions and, as root, setpriv",
    ),
]

# Root may write everywhere, unless it gives up this right.
DROP_RIGHTS = (
    ["setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override"]
    if os.geteuid() == 0
    else []
)
SECRET_KEY = "a secret key for tests that is long enough to be accepted"
SQLITE = {"DATABASE_URL": "", "CACHE_URL": "", "SECRET_KEY": ""}
COMMANDS = [["migrate"], ["serve"], ["worker"], ["models", "list"], ["collectstatic", "--no-input"]]

DISABLE_HARD_LINKS = """
import os

def refuse(*arguments):
    raise PermissionError("Operation not permitted")

os.link = refuse
"""


@pytest.fixture
def folder(tmp_path):
    yield tmp_path
    tmp_path.chmod(0o755)


def manage(folder, *arguments, **environment):
    """Run `manage.py` without the right to write everywhere."""
    return subprocess.run(
        [*DROP_RIGHTS, sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=Site(folder, **{**SQLITE, **environment}).environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def assert_one_sentence(done):
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_refuses_to_start_with_a_read_only_folder(folder, command):
    folder.chmod(0o555)
    done = manage(folder, *command)
    assert_one_sentence(done)
    assert "Make DATA_DIR writable" in done.stderr


@pytest.mark.parametrize("command", COMMANDS[:3], ids=lambda command: command[0])
@pytest.mark.parametrize("name", ["digitsite.sqlite3", "cache.sqlite3"])
def test_refuses_to_start_with_a_read_only_file(folder, name, command):
    (folder / name).touch()
    (folder / name).chmod(0o444)
    done = manage(folder, *command)
    assert_one_sentence(done)
    assert f"{folder / name} is not writable" in done.stderr


def test_secret_key_that_cannot_be_read(folder):
    (folder / "secret_key").mkdir()
    done = manage(folder, "migrate")
    assert_one_sentence(done)
    assert "secret key cannot be read" in done.stderr


def test_folder_that_cannot_hold_static_files(folder):
    folder.chmod(0o555)
    environment = {"DATABASE_URL": "postgres://a@127.0.0.1:1/a", "CACHE_URL": "redis://127.0.0.1:1"}
    done = manage(folder, "collectstatic", "--no-input", **environment, SECRET_KEY=SECRET_KEY)
    assert_one_sentence(done)
    assert "Permission denied" in done.stderr


def test_refuses_to_start_with_a_read_only_file_system(tmp_path):
    if (
        os.geteuid() != 0
        or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "ro", "none", tmp_path], capture_output=True, check=False
        ).returncode
    ):
        pytest.skip("needs the right to mount")
    try:
        done = Site(tmp_path, **SQLITE).manage("serve")
    finally:
        subprocess.run(["umount", tmp_path], check=True)
    assert_one_sentence(done)
    assert "Read-only file system" in done.stderr


@pytest.mark.parametrize("has_hard_links", [True, False])
def test_first_starts_at_the_same_moment_share_one_secret_key(folder, has_hard_links):
    environment = Site(folder, **SQLITE).environment
    program = "" if has_hard_links else DISABLE_HARD_LINKS
    program += "import sys; from pathlib import Path; from digitsite.secret_key import secret_key; "
    program += f"sys.stdin.read(1); print(secret_key(Path({str(folder)!r}) / 'secret_key'))"
    starts = [
        subprocess.Popen(
            [sys.executable, "-c", program],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(8)
    ]
    keys = {start.communicate("\n", timeout=60)[0] for start in reversed(starts)}
    assert len(keys) == 1
    assert len(keys.pop().strip()) >= 50
    assert [file.name for file in folder.glob("secret_key*")] == ["secret_key"]
    assert (folder / "secret_key").stat().st_mode & 0o077 == 0
