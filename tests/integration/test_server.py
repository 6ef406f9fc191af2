"""The server serves the pages with their static files, and rejects a body above the limit."""

import pytest
import requests

pytestmark = pytest.mark.slow


def test_serves_pages_with_hashed_static_files(live_site):
    page = requests.get(live_site.url, timeout=20)
    assert page.status_code == 200
    assert "draw." in page.text
    assert "draw.css" not in page.text
    for path in ("/api/v1/docs/", "/api/v1/schema/", "/admin/login/"):
        assert requests.get(live_site.url + path, timeout=20).status_code == 200


def test_returns_413_for_a_body_above_the_limit(live_site):
    url = f"{live_site.url}/api/v1/submissions/"
    response = requests.post(url, files={"image": bytes(10_100_000)}, timeout=20)
    assert (response.status_code, response.json()["code"]) == (413, "body_too_large")
