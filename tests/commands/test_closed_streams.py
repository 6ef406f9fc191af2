"""A command also works if its caller has closed the standard streams, as some daemons do."""

import subprocess
import sys

import pytest

from tests.support.live_site import ROOT, Site

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    site = Site(tmp_path_factory.mktemp("site"), DATABASE_URL="", CACHE_URL="")
    site.prepare()
    return site


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
def test_backs_up_without_output(site, tmp_path, closed):
    done = manage(site, closed, "backup", str(tmp_path / "backup"))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "backup").exists()


def test_takes_closed_input_as_no(site):
    assert site.manage("seed_demo").returncode == 0
    done = manage(site, "<&-", "models", "promote", "1")
    assert done.returncode == 1
    assert "Not confirmed. Nothing was changed." in done.stderr
    assert "Traceback" not in done.stderr
