"""Deeply nested JSON, half surrogate pairs and other charsets are errors of the client."""

import base64
import json

import pytest

from tests.support.factories import Visitor, drawing_png

IMAGE = base64.b64encode(drawing_png()).decode()
PATHS = (
    "recognize/",
    "recognize/batch/",
    "numbers/recognize/",
    "submissions/",
    "numbers/",
    "submissions/{id}/correction/",
    "submissions/{id}/approve/",
)
DEEP = "[" * 5000 + "]" * 5000
HALF_PAIR = r"\ud800"


@pytest.fixture
def client(reviewer):
    client = Visitor(raise_request_exception=False)
    client.force_login(reviewer)
    return client


def post(client, path, body, content_type="application/json"):
    response = client.generic("POST", f"/api/v1/{path}", body, content_type)
    return response.status_code, response.json()["code"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "body",
    [
        DEEP,
        '{"a":' * 5000 + "1" + "}" * 5000,
        f'{{"image": "{IMAGE}", "strokes": {DEEP}}}',
        f'{{"image": "{IMAGE}", "source": "{HALF_PAIR}"}}',
        f'{{"images": ["{HALF_PAIR}"]}}',
        f'{{"digit": "{HALF_PAIR}"}}',
        f'{{"{HALF_PAIR}": 1}}',
        f'"{HALF_PAIR}"',
    ],
    ids=["list", "object", "strokes", "source", "images", "digit", "key", "text"],
)
def test_rejects_deep_json_and_half_surrogate_pairs(client, path, body):
    path = path.format(id=client.submit().json()["id"])
    assert post(client, path, "{}") == (400, "invalid")
    assert post(client, path, body) == (400, "parse_error")


@pytest.mark.database
def test_accepts_a_whole_surrogate_pair_as_text(client):
    body = json.dumps({"image": IMAGE, "source": "\U0001f600"})
    assert r"\ud83d\ude00" in body
    assert post(client, "submissions/", body) == (400, "invalid")


def test_invalid_host_is_an_error_in_json(db):
    response = Visitor().get("/api/v1/models/", headers={"Host": "other.example"})
    assert (response.status_code, response.json()["code"]) == (400, "parse_error")


def test_returns_413_for_json_above_the_limit(client):
    assert post(client, "recognize/", b" " * 10_000_001) == (413, "body_too_large")


@pytest.mark.parametrize("field", ["source", "strokes", "explain"])
@pytest.mark.parametrize(
    "value",
    [
        pytest.param(b"\xed\xa0\x80", id="half"),
        # PostgreSQL stores no text with this character.
        pytest.param(b"\0", id="nul", marks=pytest.mark.database),
        pytest.param(DEEP.encode(), id="deep"),
    ],
)
@pytest.mark.parametrize("path", ["recognize/", "submissions/", "numbers/"])
def test_odd_text_in_a_form_field_is_no_server_error(client, path, field, value):
    part = b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (
        field.encode(),
        value,
    )
    image = (
        b'--x\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n' + drawing_png()
    )
    body = part + image + b"\r\n--x--\r\n"
    response = client.generic("POST", f"/api/v1/{path}", body, "multipart/form-data; boundary=x")
    assert response.status_code < 500


def test_rejects_json_with_too_many_values(client):
    """Ten megabytes of empty lists would take several hundred megabytes of memory."""
    values = "[" + "[]," * 100_001 + "[]]"
    assert post(client, "recognize/", values) == (400, "parse_error")
    form = f'--x\r\nContent-Disposition: form-data; name="strokes"\r\n\r\n{values}\r\n--x--\r\n'
    content_type = "multipart/form-data; boundary=x"
    assert post(client, "submissions/", form, content_type) == (400, "invalid")


def test_accepts_json_with_the_maximum_number_of_values(client):
    assert post(client, "recognize/", "[" + "0," * 100_000 + "0]") == (400, "invalid")


@pytest.mark.parametrize("source", ["x" * 1_000_000, ["x" * 1_000_000], {"x": 1}, 7, True, None])
def test_error_repeats_at_most_the_beginning_of_a_value(client, source):
    body = json.dumps({"image": IMAGE, "source": source})
    response = client.generic("POST", "/api/v1/recognize/", body, "application/json")
    assert response.status_code == 400
    assert "source" in response.json()["fields"]
    assert len(response.content) < 1_000
