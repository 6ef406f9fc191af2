"""A command also works if its caller has closed the standard streams, as some daemons do."""

import subprocess
import sys

import pytest

from tests.support.live_site import ROOT

pytestmark = pytest.mark.slow


def manage(site, closed, *arguments):
    """Run `manage.py` with closed streams, such as `>&-`, and return the finished process."""
    command = [sys.executable, str(ROOT / "manage.py"), *arguments]
    return subprocess.run(
        ["sh", "-c", f'exec "$@" {closed}', "sh", *command],
        env=site.environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("closed", [">&-", "<&- >&- 2>&-"])
def test_backs_up_without_output(prepared_site, tmp_path, closed):
    done = manage(prepared_site, closed, "backup", str(tmp_path / "backup"))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "backup").exists()


def test_takes_closed_input_as_no(prepared_site):
    assert prepared_site.manage("seed_demo").returncode == 0
    done = manage(prepared_site, "<&-", "models", "promote", "1")
    assert done.returncode == 1
    assert "Not confirmed. Nothing was changed." in done.stderr
    assert "Traceback" not in done.stderr
