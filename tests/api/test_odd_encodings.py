"""The API accepts the variants of base64 and JSON that programs write."""

import base64
import json
import textwrap
import tracemalloc

import pytest

from recognizer.api.fields import read_image_bytes
from tests.support.factories import drawing_png

IMAGE = drawing_png(4)
STANDARD = base64.b64encode(IMAGE).decode()
URL_SAFE = base64.urlsafe_b64encode(IMAGE).decode()

VARIANTS = {
    "line breaks": "\r\n".join(textwrap.wrap(STANDARD, 76)),
    "end of line": f"{STANDARD}\n",
    "URL-safe": URL_SAFE,
    "no padding": base64.b64encode(IMAGE + b"\0").decode().rstrip("="),
    "URL-safe without padding": URL_SAFE.rstrip("="),
    "data URL": f"data:image/png;base64,{STANDARD}",
    "data URL in capitals": f"DATA:image/PNG;BASE64,{STANDARD}",
    "data URL with parameters": f"data:image/png;name=a.png;base64,{URL_SAFE}",
    "data URL with line breaks": f" data:;base64,\n{STANDARD}\n",
}


def recognize(visitor, body):
    return visitor.post("/api/v1/recognize/", body, content_type="application/json")


@pytest.mark.parametrize("name", VARIANTS)
def test_accepts_base64_variant(visitor, name):
    response = recognize(visitor, json.dumps({"image": VARIANTS[name]}))
    assert (response.status_code, response.json().get("digit")) == (200, 4), response.json()


def test_accepts_them_in_a_batch(visitor):
    body = json.dumps({"images": list(VARIANTS.values())})
    response = visitor.post("/api/v1/recognize/batch/", body, content_type="application/json")
    assert {item["prediction"]["digit"] for item in response.json()["results"]} == {4}


def test_accepts_json_with_a_byte_order_mark(visitor):
    body = b"\xef\xbb\xbf" + json.dumps({"image": STANDARD}).encode()
    assert recognize(visitor, body).json()["digit"] == 4


@pytest.mark.parametrize(
    ("image", "code"),
    [
        (f"{STANDARD}!", "not_base64"),
        (f"{STANDARD.rstrip('=')}=A", "not_base64"),
        ("A", "not_base64"),
        ("data:image/png;base64,%2B", "not_base64"),
        ("dätä", "not_base64"),
        ("", "not_an_image"),
        ("DATA:image/png,abc", "invalid"),
        ("data:;base64", "not_an_image"),
    ],
    ids=range(8),
)
def test_rejects_other_text_by_name(visitor, image, code):
    response = recognize(visitor, json.dumps({"image": image}))
    assert (response.status_code, response.json()["code"]) == (400, code)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_rejects_json_in_another_encoding(visitor, encoding):
    response = recognize(visitor, json.dumps({"image": STANDARD}).encode(encoding))
    assert (response.status_code, response.json()["code"]) == (400, "parse_error")


def test_base64_with_many_spaces_takes_little_memory():
    text = "AA AA " * 300_000
    tracemalloc.start()
    assert len(read_image_bytes(text)) == 900_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * len(text)
