"""Without its database, the site returns 503 within seconds. It works without its cache."""

import socket

import pytest
import requests

from tests.support.factories import drawing_png
from tests.support.live_site import Site

pytestmark = pytest.mark.slow

RESPONSE_TIMEOUT = 10  # seconds; the site itself waits three seconds for a connection


class SiteWithoutDatabase(Site):
    """A site that starts, but never becomes ready."""

    ready_path = "/healthz/"

    def prepare(self):
        self.copy_static_files()


@pytest.fixture(scope="module", params=["refuses connections", "never responds"])
def site(request, tmp_path_factory):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        if request.param == "refuses connections":
            listening.close()
        url = f"postgres://digits@127.0.0.1:{port}/digits"
        folder = tmp_path_factory.mktemp("site")
        with SiteWithoutDatabase(folder, DATABASE_URL=url, CACHE_URL="") as running:
            yield running


def test_healthz_returns_200(site):
    assert requests.get(f"{site.url}/healthz/", timeout=RESPONSE_TIMEOUT).status_code == 200


def test_readyz_returns_503(site):
    for _ in range(2):
        response = requests.get(f"{site.url}/readyz/", timeout=RESPONSE_TIMEOUT)
        assert response.status_code == 503
        assert "database does not answer" in response.json()["reason"]


@pytest.mark.parametrize("page", ["/mine/", "/keys/"])
def test_page_explains_the_outage_with_status_503(site, page):
    cookies = {"sessionid": "x" * 32}  # Without a cookie, the site queries no session.
    response = requests.get(site.url + page, cookies=cookies, timeout=RESPONSE_TIMEOUT)
    assert response.status_code == 503
    assert "temporarily unavailable" in response.text


def test_submitting_returns_503(site):
    assert submit(site) == (503, "unavailable")


def post(site):
    url = f"{site.url}/api/v1/submissions/"
    return requests.post(url, files={"image": drawing_png()}, timeout=RESPONSE_TIMEOUT)


def submit(site):
    response = post(site)
    return response.status_code, response.json()["code"]


def test_submitting_needs_no_cache(tmp_path):
    """Without its cache, the process counts requests in its memory."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        cache = f"redis://127.0.0.1:{listening.getsockname()[1]}/0"
        with Site(tmp_path, DATABASE_URL="", CACHE_URL=cache) as site:
            for _ in range(3):
                response = post(site)
                assert response.status_code in (200, 201)
            assert response.elapsed.total_seconds() < 1
