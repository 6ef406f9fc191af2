"""Takes the README's picture of the drawing page: python scripts/screenshot.py URL OUT.png"""

import sys
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from browser import chromium
from browser.hands import draw_by_mouse
from handwriting import row_of

SEED = 8


def main(url, out):
    with sync_playwright() as driver:
        browser = chromium.launch(driver)
        page = browser.new_page(viewport={"width": 1100, "height": 860})
        page.goto(url)
        draw_by_mouse(page, row_of(4, 2, seed=SEED))
        page.get_by_role("button", name="Why this answer?").click()
        expect(page.locator("#reason")).not_to_be_empty()
        page.get_by_role("button", name="Yes").click()
        expect(page.get_by_text("Thank you")).to_be_visible()
        page.mouse.move(0, 0)
        page.screenshot(path=out)
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
