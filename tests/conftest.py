"""Fixtures that all tests share: visitors, reviewers, the base, real handwriting, a small MNIST.

REAL_DATA names a folder with real handwriting. Without it, the tests draw synthetic digits, and a
test that needs real handwriting is skipped.
"""

import gzip
import importlib.util
import json
import os
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.core.cache import cache

import ml.runtime
from digitsite import stores
from ml.data.mnist import ARRAYS, content_digest
from recognizer.serving import model_registry, personal_memory
from recognizer.training import run_lifecycle
from recognizer.web import download_views
from tests.support.factories import REAL_DATA, Visitor, png
from tests.support.live_site import Site
from tests.support.scheduling import ModuleScheduling
from tests.support.synthetic_digits import draw, strokes_of

# Loading a model verifies it, which takes longer than most tests.
load_model = lru_cache(maxsize=8)(ml.runtime.load)


def pytest_xdist_make_scheduler(config, log):
    return ModuleScheduling(config, log)


@pytest.fixture(scope="session")
def cache_folder(tmp_path_factory):
    """Return the folder of the cache, because a new file for each test takes long."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def _fresh_process(settings, tmp_path, cache_folder, monkeypatch):
    """Start each test like a new process: with an empty data folder and without a loaded model."""
    settings.DATA_DIR = tmp_path
    settings.STORAGES = {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # fast
    monkeypatch.setattr(model_registry, "_loaded", None)
    personal_memory._cache.clear()
    monkeypatch.setattr(ml.runtime, "load", load_model)
    monkeypatch.setattr(download_views, "_owners", set())
    # The heartbeat thread would wait for the end of the test's transaction.
    monkeypatch.setattr(run_lifecycle, "HEARTBEAT_SECONDS", 3600)
    if not os.environ.get("CACHE_URL"):
        settings.CACHES = {"default": stores.cache("CACHE_URL", kept_in=cache_folder)}
    cache.clear()


@pytest.fixture
def django_assert_num_queries(db, django_assert_num_queries, monkeypatch):
    """Count the queries of a page without those that happen only now and then.

    These are the check for a new live version, once a second, and the first query for each content
    type, which a transactional test forgets.
    """
    monkeypatch.setattr(model_registry, "REFRESH_SECONDS", 3600)
    ContentType.objects.get_for_models(*apps.get_models())
    return django_assert_num_queries


@pytest.fixture
def visitor(db):
    return Visitor()


@pytest.fixture
def base(db):
    """Return the live version of an empty database: the base."""
    return model_registry.live_version()


@pytest.fixture
def reviewer(django_user_model):
    return django_user_model.objects.create_superuser("rosa", password="a long password")


@pytest.fixture
def reviewer_client(reviewer):
    """Return a client that is logged in as the reviewer."""
    client = Visitor()
    client.force_login(reviewer)
    return client


@pytest.fixture(scope="session")
def live_site(tmp_path_factory):
    """Serve the site with its default settings on SQLite, once for all tests that share it."""
    with Site(tmp_path_factory.mktemp("site"), DATABASE_URL="", CACHE_URL="") as site:
        yield site


@pytest.fixture(scope="session")
def real_digits():
    """Return digits that people drew with a stylus: a list of {"digit", "writer", "strokes"}."""
    return _load_strokes("pen_digits.ndjson.gz")


@pytest.fixture(scope="session")
def real_letters():
    """Return letters and signs that do not look like digits: a list of {"label", "strokes"}."""
    return _load_strokes("pen_letters.ndjson.gz")


def _load_strokes(name):
    path = REAL_DATA / name
    if not path.exists():
        pytest.skip(f"needs real handwriting, {name} (set REAL_DATA)")
    with gzip.open(path, "rt") as lines:
        return [json.loads(line) for line in lines]


@pytest.fixture(scope="session")
def real_pen(real_digits):
    """Return the function that draws the strokes of real_digits as a browser would."""
    spec = importlib.util.spec_from_file_location("strokes", REAL_DATA / "strokes.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.draw


@pytest.fixture(scope="session")
def real_mnist():
    path = Path(os.environ.get("MNIST_PATH") or REAL_DATA / "mnist.npz")
    if not path.exists():
        pytest.skip("needs MNIST (set MNIST_PATH)")
    return path


@pytest.fixture(scope="session")
def small_mnist_file(tmp_path_factory):
    """Return the path and the content's SHA-256 of a small file in MNIST's format."""
    from ml.preprocessing.decode import decode
    from ml.preprocessing.normalize import normalize

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
