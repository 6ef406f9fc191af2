"""A real browser on a real server."""

import gzip
import json
import os
import warnings

import numpy as np
import pytest
from browser import chromium
from handwriting import strokes_of
from kit import REAL_DATA
from playwright.sync_api import sync_playwright

from recognizer.desk import second_looks

# Playwright runs an event loop in the thread of the tests, which Django would take for async code.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as driver:
        if not chromium.find(driver):
            pytest.skip("no Chromium on this machine (make browser)")
        running = chromium.launch(driver)
        yield running
        running.close()


@pytest.fixture(autouse=True)
def site(live_server):
    """The site with an empty database, as after a fresh start."""
    return live_server


@pytest.fixture
def open_page(browser, site):
    """Opens the drawing page in a new browser profile, of the kind that is asked for.

    Its clock runs as usual, and can be put forward: `page.clock.fast_forward(ms)`.
    """
    pages, errors = [], []

    def open_(**kind):
        context = browser.new_context(**({"viewport": {"width": 1000, "height": 800}} | kind))
        page = context.new_page()
        pages.append(page)
        page.set_default_timeout(5000)
        page.on("pageerror", lambda error: errors.append(error))
        page.clock.install()
        page.goto(site.url)
        return page

    yield open_
    for page in pages:
        # Or the closing page would store its drawing, in the middle of the next test.
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
def open_desk(browser, site, rosa, client, monkeypatch):
    """Opens a page of the desk in a new browser profile, logged in; it asks for no second looks."""
    monkeypatch.setattr(second_looks, "OFTEN", 0)
    contexts, errors = [], []

    def open_(path="/desk/", **kind):
        client.force_login(rosa)
        context = browser.new_context(**({"viewport": {"width": 1000, "height": 800}} | kind))
        session = client.cookies["sessionid"].value
        context.add_cookies([{"name": "sessionid", "value": session, "url": site.url}])
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: errors.append(error))
        page.clock.install()
        page.goto(f"{site.url}{path}")
        if path == "/desk/":
            page.locator("#card:visible, #empty:visible").wait_for()
        return page

    yield open_
    for context in contexts:
        context.close()
    assert not errors


@pytest.fixture
def four():
    """A drawn 4: two strokes, read without doubt."""
    return strokes_of(4, np.random.default_rng(3))


@pytest.fixture(scope="session")
def written():
    """Twenty digits as (digit, writer, strokes): of each digit two, by different people.

    Without the real data, the tests write themselves.
    """
    rng = np.random.default_rng(2026)
    path = REAL_DATA / "pen_digits.ndjson.gz"
    if not path.exists():
        warnings.warn("no real handwriting here (set REAL_DATA): the tests write", stacklevel=1)
        return [(digit, "the tests", strokes_of(digit, rng)) for digit in range(10) for _ in "12"]
    with gzip.open(path, "rt") as lines:
        drawings = [json.loads(line) for line in lines]
    rng.shuffle(drawings)
    chosen = {}
    for drawing in drawings:
        digit, writer = drawing["digit"], drawing["writer"]
        if writer <= 15 and sum(known == digit for known, _ in chosen) < 2:
            chosen[digit, writer] = drawing["strokes"]
    return [(digit, writer, strokes) for (digit, writer), strokes in sorted(chosen.items())]
