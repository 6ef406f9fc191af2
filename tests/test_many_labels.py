"""A million labels cost a retraining one array of their pixels, and a page nothing at all."""

import uuid

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from kit import approved

from ml.epoch import Epoch, once
from ml.mnist import Labelled
from recognizer import corrections
from recognizer.corrections import collect, labels_of
from recognizer.models import Submission

PAGES = ("/desk/overview/next-training/", "/admin/recognizer/trainingrun/add/")


def ink(*size):
    return np.random.default_rng(0).integers(0, 256, (*size, 28, 28), np.uint8)


@pytest.fixture
def labels(db):
    """Three people's ten each, of which two are near copies of others, far from them in time."""
    for person, drawings in enumerate(ink(3, 10)):
        drawings[7:9] = drawings[:2] // 2
        approved(uuid.UUID(int=person), drawings, [7] * 10)


def test_it_works_in_small_portions_as_at_once(labels, monkeypatch):
    whole = collect(include_pending=False)
    monkeypatch.setattr(corrections, "AT_ONCE", 3)
    portions = collect(include_pending=False)
    assert portions.counts == whole.counts
    assert portions.counts["copies"] == 6
    assert portions.sha256 == whole.sha256
    assert all(map(np.array_equal, labels_of(portions.learned), labels_of(whole.learned)))


def test_pixels_are_read_in_portions_and_not_kept(labels, monkeypatch):
    monkeypatch.setattr(corrections, "AT_ONCE", 3)
    with CaptureQueriesContext(connection) as asked:
        found = collect(include_pending=False)
    with_pixels = [query["sql"] for query in asked if "pixels" in query["sql"]]
    assert len(with_pixels) == 10, "30 labels, 3 at a time"
    assert not hasattr(found.learned[0], "pixels")


def test_what_is_deleted_meanwhile_is_not_learned(labels):
    learned = collect(include_pending=False).learned
    Submission.objects.filter(pk=learned[1].id).delete()
    pixels, answers = labels_of(learned)
    assert len(pixels) == len(answers) == len(learned) - 1


@pytest.mark.parametrize("path", PAGES)
def test_a_page_compares_no_more_than_many(labels, desk, path, monkeypatch):
    assert "More than" not in desk.get(path).content.decode()
    monkeypatch.setattr(corrections, "MANY", 29)
    with CaptureQueriesContext(connection) as asked:
        html = desk.get(path).content.decode()
    assert "More than" in html
    assert not [query["sql"] for query in asked if "pixels" in query["sql"]]


def test_an_epoch_shows_several_sets_as_one():
    first = Labelled(ink(5), np.arange(5, dtype=np.uint8))
    often = Labelled(255 - ink(2), np.array([7, 8], np.uint8))
    places = np.array([0, 0, 1, 1, 1])
    whole = first + often[places] + first
    shown = Epoch(once(first), (often, places), once(first))
    order = np.random.default_rng(1).permutation(len(whole))
    assert len(shown) == 15
    assert (shown.labels == whole.labels).all()
    assert (shown[order].images == whole[order].images).all()
    assert (shown[order].labels == whole[order].labels).all()
