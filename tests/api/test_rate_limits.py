"""Rate limits apply per client address (IPv6: per /64 network). All servers share the counts."""

import os
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from django.core.cache import caches
from rest_framework.settings import api_settings

from recognizer.api import throttling
from tests.support.factories import drawing_png
from tests.support.live_site import Site

pytestmark = pytest.mark.database


@pytest.fixture(autouse=True)
def _low_limits(settings):
    settings.QUOTAS = {"recognize": 2, "submit": 2, "read": 2}


@pytest.fixture
def clock(monkeypatch):
    """Replace time.time() by a clock that only the test moves."""

    class Clock:
        now = 1_000_000_005.0

    monkeypatch.setattr(throttling.time, "time", lambda: Clock.now)
    return Clock


def send(visitor, **options):
    """Send a request without an image. Return 429 if it is throttled, otherwise 400."""
    return visitor.post("/api/v1/recognize/", **options).status_code


def test_returns_429_above_the_limit(visitor):
    for _ in range(2):
        assert visitor.recognize(drawing_png()).status_code == 200
    response = visitor.recognize(drawing_png())
    assert (response.status_code, response.json()["code"]) == (429, "throttled")
    assert 0 < int(response["Retry-After"]) <= 70
    # The scope "submit" has its own limit.
    assert visitor.submit().status_code == 201


def test_get_requests_count_too(visitor):
    statuses = [visitor.get("/api/v1/models/").status_code for _ in range(3)]
    assert statuses == [200, 200, 429]


def test_request_succeeds_after_retry_after_seconds(visitor, clock):
    assert send(visitor) == 400
    clock.now += 30
    assert send(visitor) == 400
    response = visitor.post("/api/v1/recognize/")
    assert response.status_code == 429
    wait = int(response["Retry-After"])
    # The first request stops counting after a minute, rounded up to the end of its time slot.
    assert 30 <= wait <= 40
    clock.now += wait - 1
    assert send(visitor) == 429
    clock.now += 1
    assert send(visitor) == 400
    assert send(visitor) == 429  # Only the first request has left the window.


def test_never_exceeds_the_limit_in_any_minute(visitor, clock):
    allowed_at = []
    for _ in range(200):
        if send(visitor) == 400:
            allowed_at.append(clock.now)
        clock.now += 1.7
    assert len(allowed_at) >= 6
    # With a limit of 2, any three consecutive allowed requests span at least a minute.
    assert all(
        third - first >= 60 for first, third in zip(allowed_at, allowed_at[2:], strict=False)
    )


def test_delayed_request_counts_those_in_the_next_slot(visitor, clock):
    """One request can take its time before a slot ends, and count after another one of the next."""
    clock.now = 1_000_000_009.9
    assert send(visitor) == 400
    clock.now += 0.2
    assert send(visitor) == 400
    clock.now -= 0.1
    assert send(visitor) == 429


def test_headers_tell_the_quotas(visitor):
    response = visitor.recognize(drawing_png())
    assert response["RateLimit-Policy"] == '"recognize";q=2;w=60'
    assert re.fullmatch(r'"recognize";r=1;t=(6[0-9]|70)', response["RateLimit"])
    for _ in range(2):
        response = visitor.recognize(drawing_png())
    assert response["RateLimit"].startswith('"recognize";r=0;t=')
    assert "RateLimit" not in visitor.get("/")


def test_ignores_x_forwarded_for_without_a_proxy(visitor):
    statuses = [send(visitor, headers={"X-Forwarded-For": f"10.0.0.{i}"}) for i in range(4)]
    assert statuses == [400, 400, 429, 429]


def test_uses_the_address_that_the_proxy_adds(visitor, monkeypatch):
    monkeypatch.setattr(api_settings, "NUM_PROXIES", 1)
    rotated = [f"10.0.0.{i}, 192.0.2.1" for i in range(3)]
    statuses = [send(visitor, headers={"X-Forwarded-For": chain}) for chain in rotated]
    assert statuses == [400, 400, 429]
    assert send(visitor, headers={"X-Forwarded-For": "10.0.0.0, 192.0.2.2"}) == 400


def test_each_address_has_its_own_limit(visitor):
    for _ in range(3):
        send(visitor)
    assert send(visitor, REMOTE_ADDR="192.0.2.7") == 400


def test_addresses_of_one_ipv6_network_share_a_limit(visitor):
    statuses = [send(visitor, REMOTE_ADDR=f"2001:db8::{i}") for i in range(3)]
    assert statuses == [400, 400, 429]
    assert send(visitor, REMOTE_ADDR="2001:db8:0:1::1") == 400


def test_clients_without_an_address_share_a_limit(visitor):
    assert [send(visitor, REMOTE_ADDR="") for _ in range(3)] == [400, 400, 429]


@pytest.mark.skipif("CACHE_URL" in os.environ, reason="reads the SQLite cache's file")
def test_stores_no_address(visitor, settings):
    send(visitor, REMOTE_ADDR="192.0.2.77")
    folder = settings.CACHES["default"]["LOCATION"].parent
    stored = b"".join(file.read_bytes() for file in folder.glob("cache.sqlite3*"))
    assert b"quota:recognize:" in stored
    assert b"192.0.2.77" not in stored


def test_no_limits_without_quotas(visitor, settings):
    settings.QUOTAS = {}
    assert [send(visitor) for _ in range(5)] == [400] * 5


def test_counts_in_memory_without_a_working_cache(visitor, settings, tmp_path, monkeypatch):
    missing = tmp_path / "nothing" / "cache.sqlite3"
    settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": missing}}
    if os.environ.get("CACHE_URL"):
        settings.CACHES["default"]["LOCATION"] = "redis://127.0.0.1:1/0"
    monkeypatch.setattr(type(caches["default"]), "_retry_at", None)
    settings.QUOTAS = {"recognize": 3}
    statuses = [visitor.recognize(drawing_png()).status_code for _ in range(5)]
    assert statuses == [200, 200, 200, 429, 429]
    caches["default"]._memory.clear()


@pytest.mark.slow
def test_servers_of_one_host_share_the_limit(tmp_path):
    """Send 640 requests, eight at a time. The default limit is 600 per minute."""
    sites = Site(tmp_path, DATABASE_URL=""), Site(tmp_path, DATABASE_URL="")
    with sites[0] as one, sites[1] as other, ThreadPoolExecutor(8) as pool:

        def submit(number):
            return requests.post(
                f"{(one, other)[number % 2].url}/api/v1/submissions/",
                headers={"X-Forwarded-For": f"10.0.{number // 250}.{number % 250}"},
                timeout=60,
            )

        responses = list(pool.map(submit, range(640)))
    codes = [response.status_code for response in responses]
    assert set(codes) == {400, 429}
    assert codes.count(400) == 600
    assert all(1 <= int(r.headers["Retry-After"]) <= 70 for r in responses if r.status_code == 429)
