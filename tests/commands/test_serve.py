"""`manage.py serve` refuses to start if it could only respond with errors."""

import pytest

from tests.support.live_site import Site

pytestmark = pytest.mark.slow


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path, DATABASE_URL="", CACHE_URL="")


def refusal(site):
    done = site.manage("serve")
    assert done.returncode == 1
    return done.stderr


def test_refuses_to_serve_without_migrations(site):
    site.copy_static_files()
    message = "CommandError: The database is not up to date. Run: manage.py migrate\n"
    assert refusal(site) == message


def test_refuses_to_serve_without_static_files(site):
    site.manage("migrate")
    message = "CommandError: The static files are missing. Run: manage.py collectstatic\n"
    assert refusal(site).endswith(message)


def test_needs_no_collected_static_files_with_debug(site):
    site.environment["DEBUG"] = "on"
    site.manage("migrate")
    site.start()
    site.__exit__()
