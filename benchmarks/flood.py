"""`make bench-flood`: measure other visitors' response times while one address floods the site.

For each kind of expensive request, one address sends it over several connections for a minute, as
often as the rate limits allow: after a rejection, it waits as long as `Retry-After` says. Other
visitors, each with an address of their own, send drawings for prediction.
"""

import asyncio
import base64
import io
import json
import re
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Final

from PIL import Image, ImageDraw

from benchmarks.load_generator import CONTENT_LENGTH
from benchmarks.servers import PORT, SQLITE, BenchmarkSite
from benchmarks.slow_clients import HEADER, line, measure

STATUS: Final = re.compile(rb"HTTP/1\.1 (\d+)")
RETRY_AFTER: Final = re.compile(rb"\r\nretry-after: (\d+)", re.IGNORECASE)
Request = tuple[str, str, bytes]  # the method, the path and the JSON body


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--only", help="one kind of request")
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        site = BenchmarkSite(Path(folder) / "site", SQLITE)
        site.prepare()
        print(HEADER)
        for number, (name, request) in enumerate(expensive_requests().items()):
            if options.only not in (None, name):
                continue
            # A new server, because another one would still process the flood before.
            with site.serve():
                measure(site, options.seconds / 4)  # This load only warms up.
                idle = measure(site, options.seconds)
                with flood(request, f"203.0.113.{number}", options.connections) as statuses:
                    row = line(name, measure(site, options.seconds), idle)
            print(row, dict(sorted(statuses.items())), flush=True)


def expensive_requests() -> dict[str, Request]:
    """Return the name and the content of each kind of request."""
    flat = Image.new("RGB", (1500, 1500), "white")
    # Of full noise, a PNG file of this size would exceed the limit for a request.
    noise = Image.effect_noise((3400, 3400), 90).point(lambda value: value & 0x80)
    photo = _lines(1).resize((8000, 6000)).convert("RGB")
    drawing = _encoded(_lines(1), "PNG")
    points = [[i % 280 + 0.123, i % 270 + 0.456, i] for i in range(2000)]
    return {
        "batch of WebP": _batch([_encoded(flat, "WEBP", lossless=True)] * 20),
        "PNG of 12 megapixels": _image("recognize/", _encoded(noise, "PNG", compress_level=1)),
        "JPEG of 48 megapixels": _image("recognize/", _encoded(photo, "JPEG")),
        "noise of 512 pixels": _image(
            "numbers/recognize/", _encoded(Image.effect_noise((512, 512), 90), "PNG")
        ),
        "row of lines": _image("numbers/recognize/", _encoded(_lines(14), "PNG"), explain=True),
        "grid of dots": _image("recognize/", _encoded(_grid(290, 44, 44), "PNG")),
        "page of zeros": _image("pages/recognize/", _encoded(_grid(1280, 26, 14), "PNG")),
        "batch of drawings": _batch([drawing] * 64),
        "drawing": _image("numbers/recognize/", drawing, explain=True),
        "long strokes": _image("submissions/", drawing, strokes=[points]),
        "long list": ("GET", "/api/v1/models/?page_size=200", b""),
        "schema": ("GET", "/api/v1/schema/", b""),
        "page": ("GET", "/", b""),
    }


def _lines(count: int) -> Image.Image:
    """Return lines side by side. If there are several, one line crosses all of them."""
    image = Image.new("L", (280, 280), 255)
    pen = ImageDraw.Draw(image)
    step = 260 // count
    for left in range(10, 10 + count * step, step):
        pen.line((left, 60, left + step // 3, 220), fill=0, width=3)
    if count > 1:
        pen.line((10, 140, 260, 140), fill=0, width=3)
    return image


def _grid(side: int, rows: int, columns: int) -> Image.Image:
    """Return rows of ellipses. Small ones are dots, and large ones look like zeros."""
    image = Image.new("L", (side, side), 255)
    pen = ImageDraw.Draw(image)
    height, width = side / rows, side / columns
    for top in range(rows):
        for left in range(columns):
            x, y = left * width, top * height
            pen.ellipse((x + 2, y + 2, x + 0.8 * width, y + 0.8 * height), outline=0, width=3)
    return image


def _encoded(image: Image.Image, format: str, **options: object) -> str:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return base64.b64encode(buffer.getvalue()).decode()


def _image(path: str, image: str, **fields: object) -> Request:
    return "POST", f"/api/v1/{path}", json.dumps({"image": image, **fields}).encode()


def _batch(images: list[str]) -> Request:
    return "POST", "/api/v1/recognize/batch/", json.dumps({"images": images}).encode()


@contextmanager
def flood(request: Request, address: str, connections: int) -> Iterator[Counter[int]]:
    """Send the request from one address during the block. Yield the counts of the statuses."""
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever)
    thread.start()
    statuses = Counter[int]()
    clients = [_send_repeatedly(request, address, statuses) for _ in range(connections)]
    tasks = [asyncio.run_coroutine_threadsafe(client, loop) for client in clients]
    try:
        yield statuses
    finally:
        for task in tasks:
            task.cancel()
        asyncio.run_coroutine_threadsafe(asyncio.sleep(0.1), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _send_repeatedly(request: Request, address: str, statuses: Counter[int]) -> None:
    method, path, body = request
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: {address}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", PORT)
    while True:
        writer.write(head.encode() + body)
        received = await reader.readuntil(b"\r\n\r\n")
        length = CONTENT_LENGTH.search(received)
        await reader.readexactly(int(length[1]) if length else 0)
        status = STATUS.match(received)
        statuses[int(status[1]) if status else 0] += 1
        if wait := RETRY_AFTER.search(received):
            await asyncio.sleep(int(wait[1]))


if __name__ == "__main__":
    main()
