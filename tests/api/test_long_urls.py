"""URLs up to the web server's limit work. Longer URLs return 431."""

import pytest
import requests

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(("length", "status"), [(8000, 200), (32_768, 431)])
def test_returns_431_above_the_limit(live_site, length, status):
    path = "/healthz/?"
    url = f"{live_site.url}{path}{'x' * (length - len(path))}"
    assert requests.get(url, timeout=20).status_code == status


def test_schema_describes_the_response_above_the_limit(live_site):
    schema = requests.get(f"{live_site.url}/api/v1/schema/?format=json", timeout=20).json()
    response = requests.get(f"{live_site.url}/api/v1/?{'x' * 32_768}", timeout=20)
    described = schema["paths"]["/api/v1/"]["get"]["responses"]
    assert list(described[str(response.status_code)]["content"]) == ["text/plain"]
    assert response.headers["Content-Type"].startswith("text/plain")
