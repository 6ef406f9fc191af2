"""A database or cache that cannot be reached: visitors are told so soon, and the process lives."""

import socket

import pytest
import requests
from kit import drawing
from site_under_test import Site

PATIENCE = 10  # seconds: a connection is waited for during three


class Unreachable(Site):
    """A site that never becomes ready."""

    up = "/healthz/"

    def prepare(self):
        pass


@pytest.fixture(scope="module", params=["refuses", "is silent"])
def site(request, tmp_path_factory):
    """Its database's host refuses connections, or accepts them and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        if request.param == "refuses":
            listening.close()
        url = f"postgres://digits@127.0.0.1:{port}/digits"
        folder = tmp_path_factory.mktemp("site")
        with Unreachable(folder, DATABASE_URL=url, CACHE_URL="") as running:
            yield running


def test_it_lives(site):
    assert requests.get(f"{site.url}/healthz/", timeout=PATIENCE).status_code == 200


def test_it_is_not_ready(site):
    for _ in range(2):
        answer = requests.get(f"{site.url}/readyz/", timeout=PATIENCE)
        assert answer.status_code == 503
        assert "database does not answer" in answer.json()["reason"]


def test_visitors_are_told(site):
    assert submit(site) == (503, "unavailable")


def submit(site):
    answer = requests.post(
        f"{site.url}/api/v1/submissions/", files={"image": drawing()}, timeout=PATIENCE
    )
    return answer.status_code, answer.json()["code"]


def test_a_silent_cache(tmp_path):
    """It counts requests, and none is answered uncounted; but nothing else hangs on it."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        cache = f"redis://127.0.0.1:{listening.getsockname()[1]}/0"
        with Site(tmp_path, DATABASE_URL="", CACHE_URL=cache) as site:
            assert submit(site) == (503, "unavailable")
