"""Distribute the tests to the workers of pytest-xdist."""

from functools import cache

from xdist.scheduler import LoadScopeScheduling

from tests.support.live_site import ROOT


class ModuleScheduling(LoadScopeScheduling):
    """Run the tests that share a fixture of their module, such as a site, in the same worker.

    All other tests are distributed one by one.
    """

    def _split_scope(self, nodeid):
        path = nodeid.partition("::")[0]
        return path if _shares_a_fixture(path) else nodeid


@cache
def _shares_a_fixture(path):
    return 'scope="module"' in (ROOT / path).read_text()
