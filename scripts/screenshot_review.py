"""Take the screenshot of the review queue for the documentation.

python -m scripts.screenshot_review URL USERNAME PASSWORD OUT.png

The site is filled with `manage.py seed_demo`. The script rejects two of them and skips one.
"""

import sys

from playwright.sync_api import expect, sync_playwright

from tests.browser import chromium

SHORTCUTS = ("x", "s", "x")  # reject, skip, reject: fill the list of recent decisions


def main(url: str, username: str, password: str, out: str) -> None:
    with sync_playwright() as driver:
        browser = chromium.launch(driver)
        page = browser.new_page(viewport={"width": 1100, "height": 640})
        page.goto(f"{url}/admin/login/?next=/review/")
        page.fill("#id_username", username)
        page.fill("#id_password", password)
        page.click("[type=submit]")
        expect(page.locator("#card")).to_be_focused()
        for key in SHORTCUTS:
            page.keyboard.press(key)
        page.wait_for_load_state("networkidle")
        page.screenshot(path=out)
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
