"""POST /api/v1/recognize/: predict an image without storing it."""

import base64

import numpy as np
import pytest
from PIL import Image

from recognizer.models import Submission
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
    assert sum(a == b for a, b in enumerate(digits)) >= 9, digits


@pytest.mark.parametrize("head", ["", "data:image/png;base64,"])
def test_accepts_base64_in_json(visitor, head):
    body = {"image": head + base64.b64encode(drawing_png(4)).decode()}
    response = visitor.post("/api/v1/recognize/", body, content_type="application/json")
    assert response.json()["digit"] == 4


def grey(digit=4):
    return Image.fromarray(draw(strokes_of(digit, np.random.default_rng(0))))


def transparent(ink):
    """Return ink of one grey on a transparent background."""
    image = Image.new("LA", grey().size, (ink, 0))
    image.putalpha(grey().point(lambda value: 255 - value))
    return image


def sixteen_bits():
    return Image.fromarray(np.asarray(grey()).astype(np.uint16) * 257)


def photo(orientation):
    """Return a JPEG that is rotated, with the rotation in its EXIF data."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return png(grey().rotate(90, expand=True), format="JPEG", exif=exif)


FORMS = {
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
    "large": lambda: png(grey().resize((2800, 2800))),
    "small": lambda: png(grey().resize((28, 28), Image.Resampling.BOX)),
}


@pytest.mark.parametrize("form", FORMS)
def test_predicts_every_file_format_alike(visitor, form):
    response = visitor.recognize(FORMS[form]())
    assert response.status_code == 200, response.json()
    assert response.json()["digit"] == 4
