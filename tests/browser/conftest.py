"""Fixtures that open pages in a real browser, served by a live server."""

import gzip
import json
import os
import warnings
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect, sync_playwright

from recognizer.review import blind_reviews
from tests.browser import chromium
from tests.support.factories import REAL_DATA
from tests.support.synthetic_digits import strokes_of

# Playwright runs an event loop in the thread of the tests. By default, Django refuses to use the
# database there.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
# On a slow and busy machine, a page can take many times longer than 5 seconds, the default.
TIMEOUT = 60_000  # milliseconds
expect.set_options(timeout=TIMEOUT)


def pytest_collection_modifyitems(items):
    """Mark all tests in this folder as browser tests."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def driver():
    with sync_playwright() as running:
        if not chromium.find(running):
            pytest.skip("no Chromium on this machine (make browser)")
        yield running


@pytest.fixture(scope="session")
def browser(driver):
    running = chromium.launch(driver)
    yield running
    running.close()


@pytest.fixture(autouse=True)
def site(live_server):
    """Serve the site with an empty database."""
    return live_server


@pytest.fixture
def open_page(browser, site):
    """Return a function that opens the draw page in a new browser profile.

    Its arguments are Playwright's options for a new context. The clock of the page runs normally.
    `page.clock.fast_forward(ms)` advances it.
    """
    pages, errors = [], []

    def open_(**options):
        context = browser.new_context(**({"viewport": {"width": 1000, "height": 800}} | options))
        page = context.new_page()
        pages.append(page)
        page.set_default_timeout(TIMEOUT)
        page.on("pageerror", lambda error: errors.append(error))
        page.clock.install()
        page.goto(site.url)
        return page

    yield open_
    for page in pages:
        # A closing page stores its drawing, which would disturb the next test.
        page.evaluate("document.getElementById('clear')?.click()")
        page.context.close()
    assert not errors


@pytest.fixture
def page(open_page):
    return open_page()


@pytest.fixture
def rosa(django_user_model, site):
    return django_user_model.objects.create_superuser("rosa", password="a long password")


@pytest.fixture
def open_review(browser, site, rosa, client, monkeypatch):
    """Return a function that opens a review page in a new browser profile, logged in as Rosa.

    The queue contains no blind reviews, so that its order is known.
    """
    monkeypatch.setattr(blind_reviews, "PROBABILITY", 0)
    contexts, errors = [], []

    def open_(path="/review/", **options):
        client.force_login(rosa)
        context = browser.new_context(**({"viewport": {"width": 1000, "height": 800}} | options))
        session = client.cookies["sessionid"].value
        context.add_cookies([{"name": "sessionid", "value": session, "url": site.url}])
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(TIMEOUT)
        page.on("pageerror", lambda error: errors.append(error))
        page.clock.install()
        page.goto(f"{site.url}{path}")
        if path == "/review/":
            page.locator("#card:visible, #empty:visible").wait_for()
        return page

    yield open_
    for context in contexts:
        context.close()
    assert not errors


@pytest.fixture
def four():
    """Return the two strokes of a 4 that the network predicts with high confidence."""
    return strokes_of(4, np.random.default_rng(3))


@pytest.fixture(scope="session")
def handwritten():
    """Return twenty handwritten digits as (digit, writer, strokes).

    There are two of each digit, by different writers. Without the real data, they are synthetic.
    """
    rng = np.random.default_rng(2026)
    path = REAL_DATA / "pen_digits.ndjson.gz"
    if not path.exists():
        warnings.warn("no real handwriting (set REAL_DATA): using synthetic digits", stacklevel=1)
        digits = [digit for digit in range(10) for _ in range(2)]
        return [(digit, "the tests", strokes_of(digit, rng)) for digit in digits]
    with gzip.open(path, "rt") as lines:
        drawings = [json.loads(line) for line in lines]
    rng.shuffle(drawings)
    chosen = {}
    for drawing in drawings:
        digit, writer = drawing["digit"], drawing["writer"]
        if writer <= 15 and sum(other == digit for other, _ in chosen) < 2:
            chosen[digit, writer] = drawing["strokes"]
    return [(digit, writer, strokes) for (digit, writer), strokes in sorted(chosen.items())]
