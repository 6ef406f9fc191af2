"""URLs up to the web server's limit work. Longer URLs return 431."""

import pytest
import requests

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(("length", "status"), [(8000, 200), (32_768, 431)])
def test_returns_431_above_the_limit(live_site, length, status):
    path = "/healthz/?"
    url = f"{live_site.url}{path}{'x' * (length - len(path))}"
    assert requests.get(url, timeout=20).status_code == status
