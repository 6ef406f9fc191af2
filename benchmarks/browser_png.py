"""Encode drawings as the page does: as PNG files that Chromium makes from a canvas."""

import base64
import shutil
from collections.abc import Sequence
from typing import Final

from playwright.sync_api import sync_playwright

from ml.arrays import GreyImage

CANVAS_TO_PNG: Final = """([grey, width, height]) => {
    const canvas = Object.assign(document.createElement("canvas"), { width, height });
    const rgba = Uint8ClampedArray.from(
        { length: 4 * width * height },
        (_, i) => i % 4 === 3 ? 255 : grey.charCodeAt(i >> 2),
    );
    canvas.getContext("2d").putImageData(new ImageData(rgba, width, height), 0, 0);
    return canvas.toDataURL("image/png").split(",")[1];
}"""


def encode_all(greys: Sequence[GreyImage]) -> list[bytes]:
    """Encode each image as a PNG file with the same pixels."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"))
        page = browser.new_page()
        encoded = [
            page.evaluate(CANVAS_TO_PNG, [grey.tobytes().decode("latin-1"), *grey.shape[::-1]])
            for grey in greys
        ]
        browser.close()
    return [base64.b64decode(file) for file in encoded]
