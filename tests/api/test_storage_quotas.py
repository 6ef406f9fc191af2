"""Each owner and each client address may store a limited number of rows and bytes in a day."""

import base64
import json
import os
import sqlite3
from contextlib import closing, contextmanager

import numpy as np
import pytest
from django.db import OperationalError, connection
from PIL import Image

from recognizer.models import Submission
from recognizer.serving.storage import MAX_STORED_BYTES
from tests.support.factories import (
    Visitor,
    client_with_key,
    drawing_png,
    png,
    status_and_code,
    upload,
)
from tests.support.synthetic_digits import draw, strokes_of

pytestmark = pytest.mark.database

NUMBERS = "/api/v1/numbers/"
DAILY = {"owner-rows": 100, "owner-bytes": 10**8, "address-rows": 100, "address-bytes": 10**8}


@pytest.fixture(autouse=True)
def _high_limits(settings):
    settings.QUOTAS = {"submit": 600}
    settings.DAILY_QUOTAS = DAILY


def two_digits(seed=0):
    rng = np.random.default_rng(seed)
    return png(np.hstack([draw(strokes_of(digit, rng)) for digit in (4, 2)]))


def store_number(visitor, image, **fields):
    body = {"image": base64.b64encode(image).decode(), **fields}
    return visitor.post(NUMBERS, json.dumps(body), content_type="application/json")


@contextmanager
def refused_inserts():
    """Let the database refuse each new row, as it does when its disk is full."""

    def refuse(execute, sql, *args):
        if sql.startswith("INSERT"):
            raise OperationalError("disk full")
        return execute(sql, *args)

    with connection.execute_wrapper(refuse):
        yield


def statuses(visitor, count):
    return [visitor.submit(drawing_png(seed=seed)).status_code for seed in range(count)]


def test_rows_of_a_number_count_one_by_one(visitor, settings):
    settings.QUOTAS = {"submit": 3}
    assert store_number(visitor, two_digits()).status_code == 201
    assert Submission.objects.count() == 2
    assert status_and_code(store_number(visitor, two_digits(1))) == (429, "throttled")
    assert Submission.objects.count() == 2
    assert visitor.submit().status_code == 429  # The rejected request counts once.


@pytest.mark.parametrize("quota", ["owner-rows", "address-rows"])
def test_rejects_rows_above_the_limit_of_a_day(visitor, settings, quota):
    settings.DAILY_QUOTAS = DAILY | {quota: 2}
    assert statuses(visitor, 3) == [201, 201, 429]
    response = visitor.submit(drawing_png(seed=9))
    assert status_and_code(response) == (429, "storage_limit")
    assert 0 < int(response["Retry-After"]) <= 28 * 3600
    assert response.json()["detail"].startswith("Today’s limit")
    assert visitor.recognize(drawing_png()).status_code == 200


@pytest.mark.parametrize("quota", ["owner-bytes", "address-bytes"])
def test_rejects_bytes_above_the_limit_of_a_day(visitor, settings, quota):
    row = visitor.submit_and_get(drawing_png(seed=50))
    settings.DAILY_QUOTAS = DAILY | {quota: 3 * row.stored_bytes}
    assert 429 in statuses(visitor, 4)


def test_limit_of_an_address_covers_all_its_owners(db, settings):
    settings.DAILY_QUOTAS = DAILY | {"owner-rows": 2, "address-rows": 3}
    assert statuses(Visitor(), 2) == [201, 201]
    assert statuses(Visitor(), 2) == [201, 429]
    assert Visitor(REMOTE_ADDR="192.0.2.7").submit().status_code == 201


def test_limit_of_a_user_covers_all_keys_and_addresses(django_user_model, settings):
    settings.DAILY_QUOTAS = DAILY | {"owner-rows": 1}
    ana = django_user_model.objects.create_user("ana")
    assert statuses(client_with_key(ana, "submit"), 1) == [201]
    program = client_with_key(ana, "submit")
    program.defaults["REMOTE_ADDR"] = "192.0.2.8"
    assert program.submit(drawing_png(seed=9)).status_code == 429


def test_stored_image_that_is_sent_again_does_not_count(visitor, settings):
    settings.DAILY_QUOTAS = DAILY | {"owner-rows": 2}
    assert [visitor.submit().status_code for _ in range(5)] == [201] + [200] * 4
    assert visitor.submit(drawing_png(seed=9)).status_code == 201


@pytest.mark.parametrize("url", ["/api/v1/submissions/", NUMBERS])
def test_drawing_that_the_database_refuses_does_not_count(visitor, settings, url):
    settings.DAILY_QUOTAS = DAILY | {"owner-rows": 2, "address-rows": 2}
    visitor.submit(drawing_png())
    with refused_inserts():
        assert visitor.post(url, {"image": upload(drawing_png(seed=1))}).status_code == 503
    assert visitor.post(url, {"image": upload(drawing_png(seed=1))}).status_code == 201


def test_headers_tell_the_quotas_of_a_day(visitor):
    response = visitor.submit()
    assert '"owner-rows";q=100;w=86400;qu="rows"' in response["RateLimit-Policy"]
    assert '"address-bytes";q=100000000;w=86400;qu="bytes"' in response["RateLimit-Policy"]
    assert '"owner-rows";r=99;t=' in response["RateLimit"]


def test_largest_row_takes_less_than_200_kilobytes(visitor):
    ink = Image.effect_noise((512, 512), 90).point(lambda grey: grey // 2)
    points = [[-9999.123456789, 9999.123456789, 86_399_999.5]] * 2000
    row = visitor.submit_and_get(png(ink), strokes=json.dumps([points]))
    assert len(row.image) <= MAX_STORED_BYTES
    assert row.stored_bytes < 200_000
    assert row.strokes[0][0] == [-9999.1, 9999.1, 86_400_000]


@pytest.mark.skipif(bool(os.environ.get("CACHE_URL")), reason="reads the cache in a file")
def test_new_owners_of_a_full_address_leave_no_counts(visitor, settings):
    settings.DAILY_QUOTAS = DAILY | {"address-rows": 1}
    assert visitor.submit().status_code == 201
    counts = []
    for seed in range(3):
        assert Visitor().submit(drawing_png(3, seed)).status_code == 429
        with closing(sqlite3.connect(settings.CACHES["default"]["LOCATION"])) as file:
            counts += file.execute("SELECT count(*) FROM entry").fetchone()
    assert len(set(counts)) == 1
