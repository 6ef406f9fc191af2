"""Take the screenshot of the draw page for the documentation.

python -m scripts.screenshot URL OUT.png
"""

import sys

from playwright.sync_api import expect, sync_playwright

from tests.browser import chromium
from tests.browser.pointer import draw_by_mouse
from tests.support.synthetic_digits import row_of

SEED = 8


def main(url: str, out: str) -> None:
    with sync_playwright() as driver:
        browser = chromium.launch(driver)
        page = browser.new_page(viewport={"width": 1100, "height": 860})
        page.goto(url)
        draw_by_mouse(page, row_of(4, 2, seed=SEED))
        page.get_by_role("button", name="Why this prediction?").click()
        expect(page.locator("#explanation")).not_to_be_empty()
        page.get_by_role("button", name="Yes").click()
        expect(page.get_by_text("Saved as 42.")).to_be_visible()
        page.mouse.move(0, 0)
        page.screenshot(path=out)
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
