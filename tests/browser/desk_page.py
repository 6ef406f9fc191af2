"""What the browser's tests of the desk share."""

from desk import submissions
from kit import drawing
from playwright.sync_api import expect


def drawings(number, **fields):
    """Less and less worth a look, so that the order is known."""
    picture = drawing()
    return [
        submissions(1, image=picture, confidence=0.2 + i / 100, **fields)[0] for i in range(number)
    ]


def saved(page, number):
    """Wait until the server has confirmed everything."""
    expect(page.locator("#last .unsaved")).to_have_count(0)
    expect(page.locator("#last li")).to_have_count(number)


def fate(row):
    row.refresh_from_db()
    return row.review, row.label
