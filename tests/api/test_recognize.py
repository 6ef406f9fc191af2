"""POST /api/v1/recognize/: predict the digit in an image without storing it."""

import base64

import numpy as np
import pytest
from PIL import Image

from recognizer.models import Submission
from tests.fuzz.corpus import encoded
from tests.support.factories import drawing_png, png
from tests.support.synthetic_digits import draw, strokes_of


def test_returns_a_prediction_and_stores_nothing(visitor):
    response = visitor.recognize(drawing_png(7))
    assert response.status_code == 200
    body = response.json()
    assert body["digit"] == 7
    assert 0.5 < body["confidence"] <= 1
    assert len(body["probabilities"]) == 10
    assert sum(body["probabilities"]) == pytest.approx(1)
    assert body["model_version"] == 1
    assert body["model_input"].startswith("data:image/png;base64,")
    assert not Submission.objects.exists()


def test_predicts_synthetic_digits(visitor):
    digits = [visitor.recognize(drawing_png(digit, seed=3)).json()["digit"] for digit in range(10)]
    assert sum(digit == expected for expected, digit in enumerate(digits)) >= 9, digits


@pytest.mark.parametrize("prefix", ["", "data:image/png;base64,"])
def test_accepts_base64_in_json(visitor, prefix):
    body = {"image": prefix + base64.b64encode(drawing_png(4)).decode()}
    response = visitor.post("/api/v1/recognize/", body, content_type="application/json")
    assert response.json()["digit"] == 4


def grey():
    """Return a drawn 4 in greyscale, dark on light."""
    return Image.fromarray(draw(strokes_of(4, np.random.default_rng(0))))


def transparent(ink):
    """Return the digit on a transparent background. All ink has the grey value `ink`."""
    image = Image.new("LA", grey().size, (ink, 0))
    image.putalpha(grey().point(lambda value: 255 - value))
    return image


def sixteen_bits():
    return Image.fromarray(np.asarray(grey()).astype(np.uint16) * 257)


def photo(orientation):
    """Return a rotated JPEG whose EXIF orientation undoes the rotation."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return png(grey().rotate(90, expand=True), format="JPEG", exif=exif)


IMAGES = {
    "grey": lambda: png(grey()),
    "light on dark": lambda: png(grey().point(lambda value: 255 - value)),
    "colour": lambda: png(Image.merge("RGB", [grey(), grey(), Image.new("L", (280, 280), 255)])),
    "black and white": lambda: png(grey().convert("1")),
    "palette": lambda: png(grey().convert("P")),
    "16 bits": lambda: png(sixteen_bits()),
    "dark on transparent": lambda: png(transparent(0)),
    "light on transparent": lambda: png(transparent(255)),
    "transparent palette": lambda: png(transparent(0).convert("RGBA").quantize(16)),
    "opaque RGBA": lambda: png(grey().convert("RGBA")),
    "JPEG": lambda: png(grey(), format="JPEG"),
    "CMYK JPEG": lambda: png(grey().convert("CMYK"), format="JPEG"),
    "JPEG turned by EXIF": lambda: photo(6),
    "WebP": lambda: png(grey(), format="WEBP"),
    "still GIF": lambda: png(grey(), format="GIF"),
    "AVIF": lambda: png(grey(), format="AVIF"),
    "HEIC": lambda: encoded(grey(), "HEIC"),
    "HEIC in tiles": lambda: encoded(grey().convert("RGB"), "HEIC", tile_size=128),
    "HEIC with transparency": lambda: encoded(transparent(0).convert("RGBA"), "HEIC"),
    "JPEG without its end": lambda: png(grey(), format="JPEG")[:-12],
    "large": lambda: png(grey().resize((2800, 2800))),
    "small": lambda: png(grey().resize((28, 28), Image.Resampling.BOX)),
}


@pytest.mark.parametrize("name", IMAGES)
def test_predicts_the_same_digit_in_every_kind_of_image(visitor, name):
    response = visitor.recognize(IMAGES[name]())
    assert response.status_code == 200, response.json()
    assert response.json()["digit"] == 4
