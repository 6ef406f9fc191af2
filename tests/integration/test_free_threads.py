"""Two threads stay free while clients send as many requests that take long as they can."""

import threading
from concurrent.futures import ThreadPoolExecutor, as_completed
from itertools import islice

import pytest
import requests
from django.contrib.auth.backends import ModelBackend
from PIL import Image
from rest_framework.settings import api_settings

from digitsite.wsgi import application
from recognizer.accounts import client_ip, deletion
from recognizer.accounts.owner_cookie import COOKIE_NAME
from recognizer.api import heavy_work
from recognizer.web import download_views
from tests.fuzz.corpus import encoded
from tests.support.factories import Visitor
from tests.support.http_server import serve

TIMEOUT_SECONDS = 20  # until a request fails for which there is no free thread
REPEATS = range(4)  # of each kind of request that takes long
# Two images, a download, a deletion and two logins occupy a thread each. The others are refused.
ADMITTED = 2 + 1 + 1 + 2
# Half a kilobyte, and more than a tenth of a second to decode.
LARGE_IMAGE = encoded(Image.new("RGB", (1500, 1500), "white"), "WEBP", lossless=True)
TOKEN = "a" * 32


@pytest.fixture
def end(monkeypatch):
    """Let each request that takes long wait until this event is set."""
    event = threading.Event()

    def wait(*_, **__):
        event.wait(2 * TIMEOUT_SECONDS)

    class Processors:
        acquire = staticmethod(lambda timeout: event.wait(timeout=2 * TIMEOUT_SECONDS))
        release = staticmethod(lambda: None)

    monkeypatch.setattr(heavy_work, "_busy_processors", Processors)
    monkeypatch.setattr(ModelBackend, "authenticate", wait)
    serializer = download_views.SubmissionWithStrokesSerializer
    monkeypatch.setattr(serializer, "to_representation", lambda *_: wait() or {})
    monkeypatch.setattr(download_views, "MILLISECONDS_PER_ROW", heavy_work.HEAVY_MILLISECONDS)
    monkeypatch.setattr(heavy_work, "BATCH_SIZE", 0)
    monkeypatch.setattr(deletion, "delete_in_batches", lambda _: wait() or [])
    return event


@pytest.fixture
def url(monkeypatch, transactional_db):
    """Serve the site. `/both/` is answered when two threads execute it at the same time."""
    monkeypatch.setattr(api_settings, "NUM_PROXIES", 1)
    both = threading.Barrier(2)

    def site(environ, start_response):
        if environ["PATH_INFO"] == "/both/":
            both.wait(TIMEOUT_SECONDS)
            environ["PATH_INFO"] = "/healthz/"
        return application(environ, start_response)

    with serve(application=site, client_of=client_ip.network_of_connection) as (host, port):
        yield f"http://{host}:{port}"


def send(method, url, address, cookie="", **body):
    """Send a request from an address, and return the status of the response."""
    headers = {
        "X-Forwarded-For": address,
        "Cookie": f"csrftoken={TOKEN}; {cookie}",
        "X-CSRFToken": TOKEN,
    }
    options = {"headers": headers, "timeout": 2 * TIMEOUT_SECONDS, **body}
    return requests.request(method, url, **options).status_code


def owner_cookie():
    """Return the cookie of a new owner with a drawing."""
    visitor = Visitor()
    visitor.submit_and_get()
    return f"{COOKIE_NAME}={visitor.cookies[COOKIE_NAME].value}"


def test_two_threads_stay_free(url, end):
    cookies = [owner_cookie() for _ in REPEATS]
    login = {"username": "nobody", "password": "guess", "csrfmiddlewaretoken": TOKEN}
    image = {"image": LARGE_IMAGE}
    with ThreadPoolExecutor(20) as pool:
        sent = []
        for n in REPEATS:
            api = f"{url}/api/v1"
            sent += [
                pool.submit(send, "POST", f"{api}/recognize/", f"10.0.1.{n}", files=image),
                pool.submit(send, "DELETE", f"{api}/submissions/", f"10.0.5.{n}", cookies[n]),
                pool.submit(send, "POST", f"{url}/login/", f"10.0.2.{n}", data=login),
                pool.submit(send, "GET", f"{url}/mine/download/", f"10.0.3.{n}", cookies[n]),
            ]
        try:
            completed = as_completed(sent, timeout=TIMEOUT_SECONDS)
            refused = [future.result() for future in islice(completed, len(sent) - ADMITTED)]
            assert sorted(refused) == [429] * 2 + [503] * 8
            both = [pool.submit(send, "GET", f"{url}/both/", f"10.0.4.{n}") for n in range(2)]
            assert [future.result() for future in both] == [200, 200]
        finally:
            end.set()
        assert {future.result() for future in sent} == {200, 204, 400, 429, 503}
