"""How often one address may ask; other addresses do not suffer, and no number of workers helps."""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from kit import drawing
from rest_framework.settings import api_settings
from site_under_test import Site

from recognizer.api import throttles


@pytest.fixture(autouse=True)
def _few(settings):
    settings.QUOTAS = {"recognize": 2, "submit": 2, "read": 2}


@pytest.fixture
def clock(monkeypatch):
    """A time that stands still until the test moves it."""

    class Clock:
        now = 1_000_000_005.0

    monkeypatch.setattr(throttles.time, "time", lambda: Clock.now)
    return Clock


def ask(visitor, **more):
    """Without a picture: what counts is whether the request gets through."""
    return visitor.post("/api/v1/recognize/", **more).status_code


def test_too_many(visitor):
    for _ in range(2):
        assert visitor.recognize(drawing()).status_code == 200
    response = visitor.recognize(drawing())
    assert (response.status_code, response.json()["code"]) == (429, "throttled")
    assert 0 < int(response["Retry-After"]) <= 70
    assert visitor.submit().status_code == 201  # counted by itself


def test_reading_is_counted_too(visitor):
    answers = [visitor.get("/api/v1/models/").status_code for _ in range(3)]
    assert answers == [200, 200, 429]


def test_retry_after_is_when_it_works_again(visitor, clock):
    assert ask(visitor) == 400
    clock.now += 30
    assert ask(visitor) == 400
    response = visitor.post("/api/v1/recognize/")
    assert response.status_code == 429
    wait = int(response["Retry-After"])
    assert 30 <= wait <= 40  # when the first one is a minute old, but for the ten seconds of a slot
    clock.now += wait - 1
    assert ask(visitor) == 429
    clock.now += 1
    assert ask(visitor) == 400
    assert ask(visitor) == 429  # only the first one was forgotten


def test_never_more_in_any_minute(visitor, clock):
    passed = []
    for _ in range(200):
        if ask(visitor) == 400:
            passed.append(clock.now)
        clock.now += 1.7
    assert len(passed) >= 6
    assert all(third - first >= 60 for first, third in zip(passed, passed[2:], strict=False))


def test_a_rotating_forwarded_for_does_not_help(visitor):
    answers = [ask(visitor, headers={"X-Forwarded-For": f"10.0.0.{i}"}) for i in range(4)]
    assert answers == [400, 400, 429, 429]


def test_behind_a_proxy_the_address_is_the_one_that_it_adds(visitor, monkeypatch):
    monkeypatch.setattr(api_settings, "NUM_PROXIES", 1)
    rotated = [f"10.0.0.{i}, 192.0.2.1" for i in range(3)]
    answers = [ask(visitor, headers={"X-Forwarded-For": chain}) for chain in rotated]
    assert answers == [400, 400, 429]
    assert ask(visitor, headers={"X-Forwarded-For": "10.0.0.0, 192.0.2.2"}) == 400


def test_another_address_has_its_own_count(visitor):
    for _ in range(3):
        ask(visitor)
    assert ask(visitor, REMOTE_ADDR="192.0.2.7") == 400


def test_addresses_of_one_ipv6_network_count_together(visitor):
    answers = [ask(visitor, REMOTE_ADDR=f"2001:db8::{i}") for i in range(3)]
    assert answers == [400, 400, 429]
    assert ask(visitor, REMOTE_ADDR="2001:db8:0:1::1") == 400


def test_a_server_without_addresses(visitor):
    assert [ask(visitor, REMOTE_ADDR="") for _ in range(3)] == [400, 400, 429]


@pytest.mark.skipif("CACHE_URL" in os.environ, reason="looks into the cache's file")
def test_no_address_is_stored(visitor, settings):
    ask(visitor, REMOTE_ADDR="192.0.2.77")
    stored = b"".join(file.read_bytes() for file in settings.DATA_DIR.glob("cache.sqlite3*"))
    assert b"quota:recognize:" in stored
    assert b"192.0.2.77" not in stored


def test_off(visitor, settings):
    settings.QUOTAS = {}
    assert [ask(visitor) for _ in range(5)] == [400] * 5


def test_where_nothing_can_be_counted(visitor, settings, tmp_path):
    nowhere = tmp_path / "nothing" / "cache.sqlite3"
    settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": nowhere}}
    if "CACHE_URL" in os.environ:
        settings.CACHES["default"]["LOCATION"] = "redis://127.0.0.1:1/0"
    response = visitor.recognize(drawing())
    assert (response.status_code, response.json()["code"]) == (503, "unavailable")


def test_two_workers_count_together(tmp_path):
    """1,000 requests, eight at a time, against the 600 a minute that are the default."""
    with Site(tmp_path, WEB_CONCURRENCY="2") as site, ThreadPoolExecutor(8) as pool:

        def submit(number):
            return requests.post(
                f"{site.url}/api/v1/submissions/",
                headers={"X-Forwarded-For": f"10.0.{number // 250}.{number % 250}"},
                timeout=60,
            )

        answers = list(pool.map(submit, range(1000)))
    codes = [answer.status_code for answer in answers]
    assert set(codes) == {400, 429}
    assert codes.count(400) == 600
    assert all(1 <= int(a.headers["Retry-After"]) <= 70 for a in answers if a.status_code == 429)
