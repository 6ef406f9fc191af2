"""The server returns the memory of large photos to the operating system."""

import io
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
from PIL import Image

from tests.support.factories import drawing_png
from tests.support.live_site import Site

pytestmark = pytest.mark.slow

PHOTOS = 12
MAX_GROWTH = 45  # MB


def photo():
    """Return a JPEG of 12 megapixels."""
    drawing = Image.open(io.BytesIO(drawing_png(7, size=400, share=0.5)))
    buffer = io.BytesIO()
    drawing.resize((3000, 4000)).save(buffer, "JPEG")
    return buffer.getvalue()


def used_megabytes(process):
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) / 1000


def post(site, path, data):
    """Post an image, and try again while the server is busy."""
    for _ in range(100):
        response = requests.post(f"{site.url}/api/v1/{path}/", files={"image": data}, timeout=60)
        if response.status_code != 503:
            assert response.status_code == 200, response.text
            return


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux")
def test_large_photos_leave_little_behind(tmp_path):
    data = photo()
    with Site(tmp_path, DATABASE_URL="", CACHE_URL="") as site:
        post(site, "numbers/recognize", drawing_png(7))
        before = used_megabytes(site.server)
        with ThreadPoolExecutor(4) as clients:
            paths = ["numbers/recognize", "pages/recognize"] * (PHOTOS // 2)
            list(clients.map(lambda path: post(site, path, data), paths))
        assert used_megabytes(site.server) - before < MAX_GROWTH
