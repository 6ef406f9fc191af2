"""Long words and long numbers are not cut off."""

import pytest
from playwright.sync_api import expect

from recognizer.accounts.api_keys import create_key
from recognizer.models import Scope
from recognizer.serving import model_registry
from tests.support.review_helpers import submissions

IS_CUT_OFF = "(element) => element.scrollWidth > element.clientWidth"


@pytest.mark.parametrize("locale", ["en", "es", "fr"])
def test_link_to_the_admin_fits_the_card_of_the_queue(open_review, locale):
    submissions(1)
    page = open_review(locale=locale, viewport={"width": 320, "height": 640})
    expect(page.locator("#admin")).to_be_visible()
    assert not page.locator("#card figcaption").evaluate(IS_CUT_OFF)


@pytest.mark.parametrize("width", [320, 700])
def test_long_name_of_a_key_fits_the_page(open_review, rosa, width):
    create_key(rosa, 60 * "a", [Scope.SUBMIT, Scope.READ, Scope.REVIEW], by=rosa)
    page = open_review("/keys/", viewport={"width": width, "height": 640})
    expect(page.locator("tbody th")).to_contain_text(60 * "a")
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_hash_of_a_model_version_is_complete(open_review):
    version = model_registry.live_version()
    page = open_review(f"/admin/recognizer/modelversion/{version.pk}/change/")
    row = page.locator(".field-sha256")
    expect(row).to_contain_text(version.sha256)
    assert not row.evaluate(IS_CUT_OFF)
