"""What several tests need: pictures, visitors, reviewers, a small MNIST.

Real handwriting is used where it lies beside the repository (or in REAL_DATA); elsewhere the
tests write their own, and those that need people's say so and are skipped.
"""

import gzip
import importlib.util
import io
import json
import os
from pathlib import Path

import numpy as np
import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from handwriting import draw, strokes_of
from PIL import Image

from ml.mnist import ARRAYS, content_digest
from recognizer import registry
from recognizer.models import Submission

ROOT = Path(__file__).parent.parent
REAL_DATA = Path(os.environ.get("REAL_DATA") or ROOT.parent / "shared" / "data")


@pytest.fixture(autouse=True)
def _fresh_process(settings, tmp_path, monkeypatch):
    """Each test starts as a process does: nothing remembered, a data folder of its own."""
    settings.DATA_DIR = tmp_path
    settings.STORAGES = {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }
    monkeypatch.setattr(registry, "_served", None)
    cache.clear()


def png(image, **options):
    """A picture as PNG bytes: of an array, or of a Pillow image."""
    image = Image.fromarray(image) if isinstance(image, np.ndarray) else image
    buffer = io.BytesIO()
    image.save(buffer, options.pop("format", "PNG"), **options)
    return buffer.getvalue()


def drawing(digit=7, seed=0, **how):
    """A drawn digit as a browser would send it, as PNG bytes."""
    return png(draw(strokes_of(digit, np.random.default_rng(seed)), **how))


def upload(data, name="drawing.png"):
    return SimpleUploadedFile(name, data, "application/octet-stream")


class Visitor(Client):
    """Somebody with a browser of their own, talking to the API."""

    def recognize(self, data):
        return self.post("/api/v1/recognize/", {"image": upload(data)})

    def submit(self, data=None, **more):
        image = upload(drawing() if data is None else data)
        return self.post("/api/v1/submissions/", {"image": image, **more})

    def correct(self, submission_id, digit):
        return self.post(
            f"/api/v1/submissions/{submission_id}/correction/",
            json.dumps({"digit": digit}),
            content_type="application/json",
        )

    def submitted(self, data=None, digit=..., **more):
        """A stored submission's row; corrected to `digit` where one is given."""
        found = self.submit(data, **more).json()["id"]
        if digit is not ...:
            assert self.correct(found, digit).status_code == 200
        return Submission.objects.get(pk=found)


@pytest.fixture
def visitor(db):
    return Visitor()


@pytest.fixture
def reviewer(django_user_model):
    return django_user_model.objects.create_superuser("rosa", password="a long password")


@pytest.fixture
def desk(reviewer):
    """The reviewer's browser, logged in."""
    client = Visitor()
    client.force_login(reviewer)
    return client


@pytest.fixture(scope="session")
def real_digits():
    """People's digits, drawn with a stylus: a list of {"digit", "writer", "strokes"}."""
    return _real("pen_digits.ndjson.gz")


def _real(name):
    path = REAL_DATA / name
    if not path.exists():
        pytest.skip(f"left out: needs real handwriting, {name} (set REAL_DATA)")
    with gzip.open(path, "rt") as lines:
        return [json.loads(line) for line in lines]


@pytest.fixture(scope="session")
def real_pen(real_digits):
    """The function that comes with people's digits and draws their strokes."""
    spec = importlib.util.spec_from_file_location("strokes", REAL_DATA / "strokes.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.draw


@pytest.fixture(scope="session")
def real_mnist():
    path = Path(os.environ.get("MNIST_PATH") or REAL_DATA / "mnist.npz")
    if not path.exists():
        pytest.skip("left out: needs MNIST (set MNIST_PATH)")
    return path


@pytest.fixture(scope="session")
def small_mnist_file(tmp_path_factory):
    """A file in MNIST's form with digits of our own writing: path and SHA-256 of its content."""
    from ml.decode import decode
    from ml.normalize import normalize

    rng = np.random.default_rng(8)
    labels = np.arange(480, dtype=np.uint8) % 10
    images = np.stack([normalize(decode(png(draw(strokes_of(d, rng))))) for d in labels])
    arrays = images[:420], labels[:420], images[420:], labels[420:]
    path = tmp_path_factory.mktemp("mnist") / "small.npz"
    np.savez_compressed(path, **dict(zip(ARRAYS, arrays, strict=True)))
    return path, content_digest(*arrays)


@pytest.fixture
def small_mnist(settings, small_mnist_file):
    settings.MNIST_PATH, settings.MNIST_SHA256 = small_mnist_file
