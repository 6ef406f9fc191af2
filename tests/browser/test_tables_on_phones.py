"""On a phone, no table is cut off, and no number or short name breaks into two lines."""

import pytest
from django.utils import timezone

from recognizer.accounts.api_keys import create_key
from recognizer.models import Review, Scope
from tests.support.review_helpers import submissions

PHONE = {"viewport": {"width": 390, "height": 664}}

# Tables and their frames that are wider than the space for them.
CUT_OFF = """() => [document.documentElement, ...document.querySelectorAll(".scroll, table")]
    .filter((element) => element.scrollWidth > element.clientWidth)
    .map((element) => element.outerHTML.slice(0, 90))"""

# Numbers and links that need more than one line, without the hidden headings.
BROKEN = """() => [...document.querySelectorAll("td.numeric:not([data-heading]), th a")]
    .filter((element) => element.checkVisibility())
    .filter((element) => {
        const range = document.createRange();
        range.selectNodeContents(element);
        return new Set([...range.getClientRects()].map(({ top }) => top)).size > 1;
    })
    .map((element) => element.outerHTML.slice(0, 90))"""


@pytest.mark.parametrize("path", ["/review/dashboard/", "/review/agreement/", "/keys/"])
def test_tables_fit_a_phone(open_review, rosa, path):
    submissions(3, corrected_digit=1)
    values = {"review": Review.REJECTED, "reviewed_by": rosa, "reviewed_at": timezone.now()}
    submissions(3, corrected_digit=1, **values)
    create_key(rosa, "import script", [Scope.SUBMIT, Scope.READ, Scope.REVIEW], by=rosa)
    page = open_review(path, **PHONE)
    for summary in page.locator("summary").all():
        summary.click()

    assert page.locator("table:visible").count() > 0
    assert page.evaluate(CUT_OFF) == []
    assert page.evaluate(BROKEN) == []
