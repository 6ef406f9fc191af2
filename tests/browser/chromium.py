"""Find and start Chromium for the tests.

`python -m tests.browser.chromium` prints its path, or fails if there is no Chromium.
"""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
# Chromium without windows opens pages twice as fast, but ignores the settings in a profile.
HEADLESS = "chromium-headless-shell"
SWITCHES = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync"
)


def find(driver):
    """Return the path of the installed Chromium or of Playwright's, or None if there is neither."""
    system = next(filter(None, map(shutil.which, NAMES)), None)
    path = system or driver.chromium.executable_path
    return path if Path(path).exists() else None


def launch(driver):
    path = shutil.which(HEADLESS) or find(driver)
    return driver.chromium.launch(executable_path=path, args=SWITCHES.split())


def launch_profile(driver, folder, **options):
    """Start Chromium with the profile in a folder, and return its context."""
    return driver.chromium.launch_persistent_context(
        folder, executable_path=find(driver), args=SWITCHES.split(), **options
    )


if __name__ == "__main__":
    with sync_playwright() as driver:
        print(find(driver) or sys.exit("no Chromium on this machine"))
