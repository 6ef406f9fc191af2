"""Eight clients that guess passwords neither stop others nor keep a real user from logging in.

`make bench-guessing` measures the response times.
"""

import time
from urllib.parse import urlsplit

import pytest
import requests

from benchmarks.password_guessing import CREATE_USER, PASSWORD, USER, Client, guessing, measure
from recognizer.accounts import login_lockout
from tests.support.factories import drawing_png
from tests.support.live_site import Site

pytestmark = pytest.mark.slow


@pytest.fixture
def port(tmp_path):
    with Site(tmp_path, DATABASE_URL="", CACHE_URL="", NUM_PROXIES="1") as site:
        done = site.manage("shell", "-v0", "-c", CREATE_USER)
        assert done.returncode == 0, done.stderr
        yield urlsplit(site.url).port


def is_locked_out(port, address):
    """Guess once more, and return whether the lockout has begun."""
    form = {"username": "nobody", "password": "guess", "csrfmiddlewaretoken": "a" * 32}
    headers = {"X-Forwarded-For": address, "Cookie": f"csrftoken={'a' * 32}"}
    page = requests.post(f"http://127.0.0.1:{port}/login/", form, headers=headers, timeout=60)
    return page.headers.get("Retry-After") == str(login_lockout.LOCKOUT_SECONDS)


def test_guessers_cause_no_errors_and_do_not_lock_out_others(port):
    with guessing(port, addresses=1):
        result = measure(port, drawing_png(), seconds=5)
        assert result.errors == 0
        while not is_locked_out(port, "10.2.1.0"):
            time.sleep(0.1)
    assert Client(port, "10.2.1.0").log_in(USER, PASSWORD) == 429
    assert Client(port, "10.3.0.0").log_in(USER, PASSWORD) == 302
