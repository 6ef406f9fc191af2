"""Takes the README's picture of the desk: screenshot_desk.py URL NAME PASSWORD OUT.png"""

import sys
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from browser import chromium

BEFORE = ("x", "s", "x")  # so that there are last decisions to show


def main(url, name, password, out):
    with sync_playwright() as driver:
        browser = chromium.launch(driver)
        page = browser.new_page(viewport={"width": 1100, "height": 640})
        page.goto(f"{url}/admin/login/?next=/desk/")
        page.fill("#id_username", name)
        page.fill("#id_password", password)
        page.click("[type=submit]")
        expect(page.locator("#card")).to_be_focused()
        for key in BEFORE:
            page.keyboard.press(key)
        page.wait_for_load_state("networkidle")
        page.screenshot(path=out)
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
