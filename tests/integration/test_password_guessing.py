"""Eight clients that guess passwords neither stop others nor keep a real user from logging in.

`make bench-guessing` measures the response times.
"""

from urllib.parse import urlsplit

import pytest

from benchmarks.password_guessing import CREATE_USER, PASSWORD, USER, Client, guessing, measure
from tests.support.factories import drawing_png
from tests.support.live_site import Site

pytestmark = pytest.mark.slow


@pytest.fixture
def port(tmp_path):
    with Site(tmp_path, DATABASE_URL="", CACHE_URL="", NUM_PROXIES="1") as site:
        done = site.manage("shell", "-v0", "-c", CREATE_USER)
        assert done.returncode == 0, done.stderr
        yield urlsplit(site.url).port


def test_guessers_cause_no_errors_and_do_not_lock_out_others(port):
    with guessing(port, addresses=1) as guesses:
        result = measure(port, drawing_png(), seconds=5)
    assert result.errors == 0
    assert guesses.value > 30  # the limit of one address
    assert Client(port, "10.2.0.0").log_in(USER, PASSWORD) == 429
    assert Client(port, "10.3.0.0").log_in(USER, PASSWORD) == 302
