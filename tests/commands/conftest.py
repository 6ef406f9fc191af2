"""Fixtures of the tests of commands that run in a process of their own."""

import pytest

from tests.support.live_site import Site


@pytest.fixture(scope="session")
def prepared_site(tmp_path_factory):
    """Return a site with an empty database on SQLite. Its server does not run."""
    site = Site(tmp_path_factory.mktemp("site"), DATABASE_URL="", CACHE_URL="")
    site.prepare()
    return site
