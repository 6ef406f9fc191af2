"""A response tells whether the end of the image file is missing."""

import io

import numpy as np
import pytest
from PIL import Image

from tests.fuzz.corpus import encoded
from tests.support.factories import drawing_png, upload

ONE_DIGIT_URLS = ["recognize/", "submissions/"]
URLS = ["numbers/recognize/", "numbers/", "pages/recognize/"]


def jpeg():
    """Return a JPEG of two rows with a 7 each."""
    seven = np.asarray(Image.open(io.BytesIO(drawing_png(7))))
    return encoded(Image.fromarray(np.vstack([seven, seven])), "JPEG")


@pytest.fixture
def predict(visitor):
    return lambda url, data: visitor.post(f"/api/v1/{url}", {"image": upload(data)}).json()


@pytest.mark.parametrize("url", URLS)
def test_tells_that_the_end_is_missing(db, predict, url):
    assert predict(url, jpeg()[:-2])["incomplete"] is True


@pytest.mark.parametrize("url", ONE_DIGIT_URLS)
def test_tells_so_for_one_digit(db, predict, url):
    data = encoded(Image.open(io.BytesIO(drawing_png(7))), "JPEG")
    assert predict(url, data[:-2])["incomplete"] is True


@pytest.mark.parametrize("url", ONE_DIGIT_URLS + URLS)
def test_whole_image_is_not_incomplete(db, predict, url):
    data = jpeg() if url == "pages/recognize/" else drawing_png(7)
    assert predict(url, data)["incomplete"] is False
