"""An address as long as the server takes, and one that is longer."""

import pytest
import requests
from site_under_test import Site


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with Site(tmp_path_factory.mktemp("site"), DATABASE_URL="", CACHE_URL="") as running:
        yield running


@pytest.mark.parametrize(("length", "status"), [(8000, 200), (8200, 414)])
def test_how_it_is_answered(site, length, status):
    path = "/healthz/?"
    address = f"{site.url}{path}{'x' * (length - len(path))}"
    assert requests.get(address, timeout=20).status_code == status
