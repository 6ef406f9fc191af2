"""Unusable images and bodies get a 4xx response with an error code. Nothing is stored."""

import base64
import io
import struct
import zlib

import numpy as np
import pytest
from django.contrib.sessions.models import Session
from PIL import Image

from ml.preprocessing.decode import BadImageError, decode
from ml.preprocessing.normalize import normalize
from recognizer.models import Submission
from tests.fuzz.corpus import encoded, png_chunk
from tests.support.factories import drawing_png, png, upload
from tests.support.synthetic_digits import draw


def bomb(side):
    """Return a PNG of side × side black pixels, which has less than 30 KB."""
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0))
    pixels = zlib.compress(b"\0" * ((side // 8 + 2) * side), 9)
    return b"\x89PNG\r\n\x1a\n" + header + png_chunk(b"IDAT", pixels) + png_chunk(b"IEND", b"")


def animated(format):
    """Return an animation with three frames."""
    frames = [Image.fromarray(np.full((40, 40), grey, np.uint8)) for grey in (0, 90, 255)]
    buffer = io.BytesIO()
    frames[0].save(buffer, format, save_all=True, append_images=frames[1:])
    return buffer.getvalue()


# The name of the case: a function that returns the image, and the expected error code.
BAD_IMAGES = {
    "blank": (lambda: png(Image.new("L", (280, 280), 255)), "blank_image"),
    "blank and transparent": (lambda: png(Image.new("RGBA", (280, 280))), "blank_image"),
    "photo of blank paper": (
        lambda: png(np.random.default_rng(0).normal(220, 3, (280, 280)).astype(np.uint8)),
        "too_faint",
    ),
    "1×1": (lambda: png(Image.new("L", (1, 1), 0)), "blank_image"),
    "single tap": (lambda: png(draw([[[0, 0]]])), "single_dot"),
    "empty file": (lambda: b"", "not_an_image"),
    "text": (lambda: b"hello", "not_an_image"),
    "SVG": (
        lambda: b'<svg xmlns="http://www.w3.org/2000/svg"><circle r="9"/></svg>',
        "not_an_image",
    ),
    "TIFF": (lambda: png(Image.new("L", (28, 28)), format="TIFF"), "not_an_image"),
    "truncated PNG": (lambda: drawing_png()[:600], "damaged_image"),
    "PNG header alone": (lambda: drawing_png()[:20], "not_an_image"),
    "truncated JPEG": (lambda: _jpeg()[:900], "damaged_image"),
    "animated GIF": (lambda: animated("GIF"), "animated_image"),
    "animated PNG": (lambda: animated("PNG"), "animated_image"),
    "animated WebP": (lambda: animated("WEBP"), "animated_image"),
    "animated AVIF": (lambda: animated("AVIF"), "animated_image"),
    "truncated AVIF": (lambda: encoded(Image.new("L", (40, 40)), "AVIF")[:-9], "damaged_image"),
    "truncated HEIC": (lambda: encoded(Image.new("L", (40, 40)), "HEIC")[:-9], "damaged_image"),
    "video": (lambda: b"\0\0\0\x18ftypmp42" + bytes(99), "not_an_image"),
    "13300×13300": (lambda: bomb(13300), "image_too_large"),
    "4000×4000": (lambda: bomb(4000), "image_too_large"),
}


def _jpeg():
    return png(Image.open(io.BytesIO(drawing_png())), format="JPEG")


@pytest.mark.parametrize("path", ["recognize", "submissions"])
@pytest.mark.parametrize("name", BAD_IMAGES)
def test_rejects_unusable_images(visitor, name, path):
    make, code = BAD_IMAGES[name]
    response = visitor.post(f"/api/v1/{path}/", {"image": upload(make())})
    assert (response.status_code, response.json()["code"]) == (400, code)
    assert response.json()["detail"].endswith(".")
    assert not Submission.objects.exists()
    assert not Session.objects.exists()


def test_rejects_a_decompression_bomb_by_its_header(visitor):
    data = bomb(13300)
    assert len(data) < 30_000
    # The file is truncated after its header, so only the header can have been read.
    response = visitor.recognize(data[:60])
    assert response.json()["code"] == "image_too_large"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "image"),
        ({"img": "x"}, "image"),
        ({"image": None}, "image"),
        ({"image": 5}, "image"),
        ({"image": ["x"]}, "image"),
        ({"image": "data:image/png,abc"}, "image"),
        ([], "non_field_errors"),
    ],
)
def test_rejects_invalid_fields(visitor, body, field):
    response = visitor.post("/api/v1/submissions/", body, content_type="application/json")
    assert (response.status_code, response.json()["code"]) == (400, "invalid")
    assert field in response.json()["fields"]


def test_rejects_invalid_base64(visitor):
    for invalid in ("%%%", "abcde", "é"):
        response = visitor.post(
            "/api/v1/recognize/", {"image": invalid}, content_type="application/json"
        )
        assert (response.status_code, response.json()["code"]) == (400, "not_base64")


def test_rejects_invalid_json(visitor):
    response = visitor.post("/api/v1/recognize/", "{", content_type="application/json")
    assert (response.status_code, response.json()["code"]) == (400, "parse_error")


def test_rejects_an_unknown_content_type(visitor):
    response = visitor.post("/api/v1/recognize/", "x", content_type="text/plain")
    assert (response.status_code, response.json()["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize("as_json", [True, False])
def test_rejects_a_body_over_the_limit(visitor, as_json):
    if as_json:
        body = {"image": base64.b64encode(bytes(9_000_000)).decode()}
        response = visitor.post("/api/v1/submissions/", body, content_type="application/json")
    else:
        response = visitor.submit(bytes(10_000_001))
    assert (response.status_code, response.json()["code"]) == (413, "body_too_large")


def test_rejects_get(visitor):
    response = visitor.get("/api/v1/recognize/")
    assert (response.status_code, response.json()["code"]) == (405, "method_not_allowed")


@pytest.mark.parametrize("width", [1, 2, 3, 28, 300, 6000])
@pytest.mark.parametrize("height", [1, 2, 3, 28, 300])
def test_any_shape_is_normalized_or_rejected(width, height):
    rng = np.random.default_rng(0)
    for picture in (
        rng.integers(0, 256, (height, width)).astype(np.uint8),
        np.add.outer(np.arange(height), np.arange(width)).astype(np.uint8),
    ):
        try:
            pixels = normalize(decode(png(picture)))
        except BadImageError:
            continue
        assert (pixels.shape, pixels.max()) == ((28, 28), 255)
