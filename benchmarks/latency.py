"""`make bench-latency`: measure the time from the end of a stroke to the prediction on the page.

The server and the browser run on the same machine. The table also shows how long the browser waits
for a request that does nothing (`/healthz/`). No prediction can be faster than this.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median, quantiles
from typing import Final

import requests
from playwright.sync_api import Page, sync_playwright

from benchmarks.site import ROOT

STROKE_COUNT: Final = 40  # on each page
WIDTHS: Final = {"desktop": 1000, "phone": 360}  # window widths in pixels

RECORD_WAITS: Final = """() => {
    window.waits = [];
    let lifted;
    const prediction = document.getElementById("prediction");
    new MutationObserver(() => {
        if (prediction.ariaBusy === "true" || !lifted) return;
        waits.push(performance.now() - lifted);
        lifted = 0;
    }).observe(prediction, { attributes: true });
    addEventListener("pointerup", ({ target }) => {
        if (target.id === "canvas") lifted = performance.now();
    }, true);
}"""
TIME_NOOP_REQUESTS: Final = """async (times) => {
    const waits = [];
    for (let i = 0; i < times; i += 1) {
        const started = performance.now();
        await (await fetch("/healthz/")).text();
        waits.push(performance.now() - started);
    }
    return waits;
}"""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, _serve(folder) as url, sync_playwright() as p:
        browser = p.chromium.launch(executable_path=shutil.which("chromium"))
        print("| page | after a stroke: median, 95th percentile | a request that does nothing |")
        print("| --- | --- | --- |")
        for name, width in WIDTHS.items():
            page = browser.new_page(viewport={"width": width, "height": 800}, bypass_csp=True)
            page.goto(url)
            page.evaluate(RECORD_WAITS)
            waits = _draw(page)
            noop = median(page.evaluate(TIME_NOOP_REQUESTS, STROKE_COUNT))
            slowest = quantiles(waits, n=20)[-1]
            print(f"| {name} | {median(waits):.0f} ms, {slowest:.0f} ms | {noop:.0f} ms |")
        browser.close()


def _draw(page: Page) -> list[float]:
    """Draw strokes, each on a blank canvas. Return the time until each prediction, in ms."""
    for done_count in range(STROKE_COUNT):
        box = page.locator("#canvas").bounding_box()
        assert box is not None
        x, y, side = box["x"], box["y"], box["height"]
        page.mouse.move(x + side * 0.5, y + side * 0.2)
        page.mouse.down()
        page.mouse.move(x + side * 0.45, y + side * 0.8, steps=12)
        page.mouse.up()
        page.wait_for_function(f"waits.length > {done_count}")
        page.locator("#clear").click()
    waits: list[float] = page.evaluate("waits")
    return waits


@contextmanager
def _serve(folder: str) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {"DATA_DIR": folder, "PORT": str(port), "RATE_LIMITS": "off"}
    for command in ("migrate", "collectstatic"):
        subprocess.run(
            [sys.executable, "manage.py", command, "--no-input", "--verbosity=0"],
            cwd=ROOT,
            env=environment,
            check=True,
        )
    serve = [sys.executable, "manage.py", "serve"]
    with subprocess.Popen(serve, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL) as server:
        try:
            yield _wait_until_ready(f"http://127.0.0.1:{port}")
        finally:
            server.terminate()


def _wait_until_ready(url: str) -> str:
    for _ in range(100):
        try:
            requests.get(f"{url}/healthz/", timeout=10).raise_for_status()
            return url
        except requests.ConnectionError:
            time.sleep(0.2)
    raise RuntimeError("the site did not start within 20 seconds")


if __name__ == "__main__":
    main()
