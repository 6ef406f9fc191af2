"""The API reads the forms of browsers and programs, and refuses damaged ones."""

import pytest

from tests.support.factories import drawing_png

IMAGE = drawing_png(4)
END = b"--x--\r\n"


def part(headers, content):
    return b"--x\r\n" + headers.encode() + b"\r\n\r\n" + content + b"\r\n"


def field(name, value):
    return part(f'Content-Disposition: form-data; name="{name}"', value)


def file(name, content, filename="digit.png"):
    return part(f'Content-Disposition: form-data; name="{name}"; filename="{filename}"', content)


def recognize(visitor, body, boundary="; boundary=x"):
    response = visitor.generic("POST", "/api/v1/recognize/", body, f"multipart/form-data{boundary}")
    return response.status_code, response.json()


def test_predicts_the_image_of_a_form(visitor):
    status, body = recognize(visitor, field("source", b"canvas") + file("image", IMAGE) + END)
    assert (status, body["digit"]) == (200, 4)


@pytest.mark.parametrize(
    "headers",
    [
        "Content-Disposition: form-data; name=image; filename=4.png",
        'content-disposition: form-data; filename="4.png"; name="image"',
        "Content-Disposition: form-data; name=image; filename=4.png; filename*=utf-8''4.png",
        'Content-Type: image/png\r\nContent-Disposition: form-data; name="image"; filename="4;"',
        'Content-Disposition: form-data; name="image"; filename="\\"4\\".png"\r\nX-Other: 1',
    ],
)
def test_accepts_the_headers_of_other_programs(visitor, headers):
    status, body = recognize(visitor, part(headers, IMAGE) + END)
    assert (status, body["digit"]) == (200, 4), body


def test_accepts_a_quoted_boundary_and_text_before_it(visitor):
    body = b"This is a form.\r\n" + file("image", IMAGE) + END
    assert recognize(visitor, body, '; charset=latin-1; boundary="x"')[0] == 200


def test_the_last_value_of_a_field_counts(visitor):
    repeated = field("explain", b"false") + field("explain", b"true")
    _status, body = recognize(visitor, repeated + file("image", IMAGE) + END)
    assert body["explanation"]


def test_an_empty_file_name_means_no_file(visitor):
    status, body = recognize(visitor, file("image", b"", filename="") + END)
    assert (status, body["code"]) == (400, "invalid")
    assert "image" in body["fields"]


@pytest.mark.parametrize(
    ("body", "boundary"),
    [
        pytest.param(file("image", IMAGE) + END, "", id="no boundary"),
        pytest.param(file("image", IMAGE) + END, "; boundary=y", id="wrong boundary"),
        pytest.param(file("image", IMAGE), "; boundary=x", id="no end"),
        pytest.param(file("image", IMAGE)[:200], "; boundary=x", id="half of a file"),
        pytest.param(b"--x\r\nno header\r\n\r\n1\r\n" + END, "; boundary=x", id="bad header"),
        pytest.param(field("a", b"1") * 200 + END, "; boundary=x", id="too many fields"),
        pytest.param(
            part("X: 1\r\n" * 50 + "Content-Disposition: form-data; name=a", b"1") + END,
            "; boundary=x",
            id="too many headers",
        ),
        pytest.param(file("image", IMAGE, "4" * 1024) + END, "; boundary=x", id="long header"),
    ],
)
def test_rejects_damaged_form(visitor, body, boundary):
    status, answer = recognize(visitor, body, boundary)
    assert (status, answer["code"]) == (400, "parse_error"), answer
