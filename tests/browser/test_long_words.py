"""Long words and long numbers are not cut off."""

import pytest
from playwright.sync_api import expect

from recognizer.serving import model_registry
from tests.support.review_helpers import submissions

IS_CUT_OFF = "(element) => element.scrollWidth > element.clientWidth"


@pytest.mark.parametrize("locale", ["en", "es", "fr"])
def test_link_to_the_admin_fits_the_card_of_the_queue(open_review, locale):
    submissions(1)
    page = open_review(locale=locale, viewport={"width": 320, "height": 640})
    expect(page.locator("#admin")).to_be_visible()
    assert not page.locator("#card figcaption").evaluate(IS_CUT_OFF)


def test_hash_of_a_model_version_is_complete(open_review):
    version = model_registry.live_version()
    page = open_review(f"/admin/recognizer/modelversion/{version.pk}/change/")
    row = page.locator(".field-sha256")
    expect(row).to_contain_text(version.sha256)
    assert not row.evaluate(IS_CUT_OFF)
