"""Each client has a quota of processor time. Large images are charged before they are decoded."""

import base64
import json
import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest
from django.test import RequestFactory
from PIL import Image
from rest_framework.request import Request

from recognizer.api import heavy_work, schema_view, throttling
from recognizer.serving.work_estimates import estimate_segmentation_milliseconds, estimate_work
from tests.fuzz.corpus import encoded
from tests.support.factories import client_with_key, drawing_png, png, status_and_code

BATCH = "/api/v1/recognize/batch/"
# Half a kilobyte, and more than a tenth of a second to decode.
FLAT_WEBP = encoded(Image.new("RGB", (1500, 1500), "white"), "WEBP", lossless=True)


def send_batch(visitor, images):
    body = {"images": [base64.b64encode(image).decode() for image in images]}
    return visitor.post(BATCH, json.dumps(body), content_type="application/json")


def remaining(response):
    """Return the remaining milliseconds."""
    items = dict(item.split(";", 1) for item in response["RateLimit"].split(", "))
    return int(items['"processor"'].split(";")[0].removeprefix("r="))


@pytest.fixture(autouse=True)
def _quota(settings):
    settings.QUOTAS = {"processor": 1000, "recognize": 3000, "submit": 600}


def test_rejects_a_batch_that_would_take_too_long_without_decoding_it(visitor):
    assert len(FLAT_WEBP) < 1000
    assert status_and_code(send_batch(visitor, [FLAT_WEBP] * 12)) == (429, "throttled")
    assert visitor.recognize(drawing_png()).status_code == 200


def test_large_images_use_up_the_quota(visitor):
    statuses = [visitor.recognize(FLAT_WEBP).status_code for _ in range(12)]
    assert set(statuses) == {400, 429}  # They are blank.
    assert statuses == sorted(statuses)


def test_other_expensive_requests_use_up_the_quota(visitor, settings):
    settings.QUOTAS = {"processor": 1}
    schema_view._render.cache_clear()
    assert [visitor.get("/api/v1/schema/").status_code for _ in range(2)] == [200, 429]


def test_headers_tell_the_milliseconds(visitor, settings):
    settings.QUOTAS = {"processor": 15_000}
    first = visitor.recognize(drawing_png())
    assert '"processor";q=15000;w=60;qu="milliseconds"' in first["RateLimit-Policy"]
    assert remaining(visitor.recognize(FLAT_WEBP)) <= remaining(first) - 200  # estimated
    # Afterwards, the measured time replaces the estimated one.
    assert 0 < remaining(visitor.recognize(drawing_png())) < remaining(first)


def test_new_key_gives_no_new_quota(django_user_model, settings):
    settings.QUOTAS = {"processor": 1}
    ana = django_user_model.objects.create_user("ana")
    one, other = client_with_key(ana, "read"), client_with_key(ana, "read")
    schema_view._render.cache_clear()
    assert one.get("/api/v1/schema/").status_code == 200
    assert other.get("/api/v1/schema/").status_code == 429


def test_rejects_a_batch_with_too_many_pixels_in_total(visitor, settings):
    settings.QUOTAS = {}
    image = png(Image.new("L", (3600, 3600)))
    assert send_batch(visitor, [image] * 3).status_code == 200
    assert status_and_code(send_batch(visitor, [image] * 4)) == (400, "batch_too_large")


def test_half_of_the_threads_stay_free_for_drawings(visitor, settings, monkeypatch):
    """One image is decoded and one waits. The third one is rejected. A drawing is predicted."""
    monkeypatch.setattr(heavy_work, "_busy_processors", threading.BoundedSemaphore(1))
    with heavy_work._busy_processors:
        waiting = threading.Thread(target=lambda: heavy_work._heavy_requests.acquire())
        waiting.start()
        waiting.join()
        heavy_work._heavy_requests.acquire()
        try:
            response = visitor.recognize(FLAT_WEBP)
            assert status_and_code(response) == (503, "busy")
            assert response["Retry-After"] == "1"
            assert visitor.recognize(drawing_png()).status_code == 200
            # A large body is refused before it is parsed, because that would stop all threads.
            large = "{" + " " * heavy_work.LARGE_BODY_BYTES + "no JSON"
            response = visitor.post(BATCH, large, content_type="application/json")
            assert status_and_code(response) == (503, "busy")
        finally:
            heavy_work._heavy_requests.release(2)
    assert visitor.recognize(FLAT_WEBP).status_code == 400


def test_long_strokes_and_strokes_of_uneven_width_cost_more():
    """Each point of an uneven stroke is drawn as a path of its own. Long paths have many pixels."""
    short, long, uneven, both = (
        estimate_work(
            [[[step * (i % 2), i % 280, i, 59 + i % widths] for i in range(1000)]]
        ).milliseconds
        for step, widths in ((4, 1), (280, 1), (4, 2), (280, 2))
    )
    assert short < uneven < 2 * short
    assert 2 * short < long < both


def test_strokes_that_leave_the_image_cost_more_than_ordinary_ones():
    far = [[[i % 280, 1500 * (-1) ** i, i] for i in range(2000)]]
    ordinary = [[[i, i, i] for i in range(200)]]
    assert estimate_segmentation_milliseconds(far) > 1000
    assert estimate_segmentation_milliseconds(ordinary) < 10


@pytest.mark.parametrize("content", [b"x" * 1_100_000, b"!\xfe" + b"\x01a" * 300_000])
def test_files_that_are_too_slow_to_decode_are_charged(content):
    """To find out takes some time, and a batch has many files."""
    assert estimate_work(b"GIF89a" + b"\1\0" * 2 + bytes(3) + content).milliseconds > 100


def test_unused_time_is_given_back_where_it_was_charged(monkeypatch):
    """Otherwise, it would still count as given back after the charge has left the window."""
    clock = SimpleNamespace(now=1009.9)
    monkeypatch.setattr(throttling, "time", SimpleNamespace(time=lambda: clock.now))
    early, late = (Request(RequestFactory().get("/")) for _ in range(2))
    throttling.prepay(early, 900)
    clock.now = 1010.1
    [charge] = throttling._per_minute(early, {"processor": 0})
    throttling._count_time(early._request, charge, 0.0)
    clock.now = 1075.0
    throttling.prepay(late, 1)
    assert throttling.used(late, "processor") == 1


def waves():
    """Return a picture whose reading takes many times longer than estimated."""
    y, x = np.mgrid[:512, :512]
    return png(np.where((x + 0.7 * y + 4 * np.sin((x - y) / 6)) % 8 < 1, 0, 255).astype(np.uint8))


def test_stops_a_batch_that_takes_longer_than_estimated(visitor, settings):
    settings.QUOTAS = {"processor": 3000}
    started = time.thread_time()
    assert status_and_code(send_batch(visitor, [waves()] * 20)) == (429, "throttled")
    assert time.thread_time() - started < 6


def test_batch_gives_way_to_another_large_image(visitor, settings, monkeypatch):
    """The other image waits for the processor until the first image of the batch is read."""
    settings.QUOTAS = {}
    monkeypatch.setattr(heavy_work, "_busy_processors", threading.BoundedSemaphore(1))
    got_processor = []

    def use_processor():
        while heavy_work._busy_processors.acquire(blocking=False):  # The batch has not begun.
            heavy_work._busy_processors.release()
        with heavy_work._busy_processors:
            got_processor.append(time.monotonic())

    other = threading.Thread(target=use_processor)
    other.start()
    assert send_batch(visitor, [waves()] * 4).status_code == 200
    ended = time.monotonic()
    other.join()
    assert got_processor[0] < ended
