"""The server serves pages and static files, limits the body, and decodes it as UTF-8."""

import base64
import json

import pytest
import requests

from tests.support.factories import drawing_png
from tests.support.live_site import token

pytestmark = pytest.mark.slow


def test_serves_pages_with_hashed_static_files(live_site):
    page = requests.get(live_site.url, timeout=20)
    assert page.status_code == 200
    assert "draw." in page.text
    assert "draw.css" not in page.text
    for path in ("/api/v1/docs/", "/api/v1/schema/", "/admin/login/"):
        assert requests.get(live_site.url + path, timeout=20).status_code == 200


def test_returns_413_for_a_body_above_the_limit(live_site):
    url = f"{live_site.url}/api/v1/submissions/"
    response = requests.post(url, files={"image": bytes(10_100_000)}, timeout=20)
    assert (response.status_code, response.json()["code"]) == (413, "body_too_large")


CHARSETS = [
    "charset=utf-8",
    "charset=utf-7",
    "charset=base64",
    "Charset = unicode_escape",
    "charset*=utf-8''rot13",
    "charset=x; a=b",
]


@pytest.mark.parametrize("charset", CHARSETS)
def test_decodes_json_as_utf_8_whatever_the_charset(live_site, charset):
    headers = {"Content-Type": f"application/json; {charset}"}
    body = json.dumps({"image": base64.b64encode(drawing_png()).decode()})
    url = f"{live_site.url}/api/v1/recognize/"
    assert requests.post(url, body, headers=headers, timeout=20).status_code == 200


@pytest.mark.parametrize("charset", CHARSETS)
def test_decodes_forms_as_utf_8_whatever_the_charset(live_site, charset):
    part = "--x\r\nContent-Disposition: form-data; name=source\r\n\r\n+2AA-\\ud800\r\n--x--\r\n"
    headers = {"Content-Type": f"multipart/form-data; {charset}; boundary=x"}
    url = f"{live_site.url}/api/v1/submissions/"
    response = requests.post(url, part, headers=headers, timeout=20)
    assert (response.status_code, response.json()["code"]) == (400, "invalid")
    session = requests.Session()
    session.get(f"{live_site.url}/login/", timeout=20)
    body = "username=+2AA-%5Cud800%ff&password=&csrfmiddlewaretoken=" + token(session)
    headers = {"Content-Type": f"application/x-www-form-urlencoded; {charset}"}
    response = session.post(f"{live_site.url}/login/", body, headers=headers, timeout=20)
    assert response.status_code == 200
