"""Helpers for the browser tests of the review pages."""

from playwright.sync_api import expect

from tests.support.factories import drawing_png
from tests.support.review_helpers import submissions


def drawings(number, **fields):
    """Store drawings with decreasing review priority, so that their order in the queue is known."""
    image = drawing_png()
    return [
        submissions(1, image=image, confidence=0.2 + i / 100, **fields)[0] for i in range(number)
    ]


def expect_saved(page, number):
    """Wait until the page lists `number` decisions and the server has confirmed all of them."""
    expect(page.locator("#recent-decisions .unsaved")).to_have_count(0)
    expect(page.locator("#recent-decisions li")).to_have_count(number)


def decision(row):
    """Return the review state and the label that the database has now."""
    row.refresh_from_db()
    return row.review, row.label
