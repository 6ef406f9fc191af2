"""What several tests need: pictures, visitors, reviewers, a small MNIST.

Real handwriting is used where it lies beside the repository (or in REAL_DATA); elsewhere the
tests write their own, and those that need people's say so and are skipped.
"""

import gzip
import importlib.util
import json
import os
from pathlib import Path

import numpy as np
import pytest
from django.core.cache import cache
from handwriting import draw, strokes_of
from kit import REAL_DATA, Visitor, png

from digitsite import env
from ml.mnist import ARRAYS, content_digest
from recognizer import registry, runs


@pytest.fixture(autouse=True)
def _fresh_process(settings, tmp_path, monkeypatch):
    """Each test starts as a process does: nothing remembered, a data folder of its own."""
    settings.DATA_DIR = tmp_path
    settings.STORAGES = {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # takes no time
    monkeypatch.setattr(registry, "_served", None)
    # Another thread cannot see into a test's transaction, and would wait for its end.
    monkeypatch.setattr(runs, "BEAT_SECONDS", 3600)
    if not os.environ.get("CACHE_URL"):
        settings.CACHES = {"default": env.cache("CACHE_URL", kept_in=tmp_path)}
    cache.clear()


@pytest.fixture
def django_assert_num_queries(django_assert_num_queries, monkeypatch):
    """Counts what a page asks itself, not the look at what is live, due once a second."""
    monkeypatch.setattr(registry, "FOLLOW_SECONDS", 3600)
    return django_assert_num_queries


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


@pytest.fixture(scope="session")
def real_letters():
    """Letters and signs that do not look like a digit: a list of {"label", "strokes"}."""
    return _real("pen_letters.ndjson.gz")


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
