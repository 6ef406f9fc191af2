"""Training data is read in batches, because a million drawings must fit into memory."""

import uuid

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ml.data.concat_dataset import ConcatDataset, all_of
from ml.data.mnist import LabelledImages
from recognizer.models import Submission, batches
from recognizer.training import training_data
from recognizer.training.training_data import load_drawings, select
from tests.support.factories import approved_submissions

pytestmark = pytest.mark.database

PAGES = ("/review/dashboard/next-training/", "/admin/recognizer/trainingrun/add/")


def random_images(*size):
    return np.random.default_rng(0).integers(0, 256, (*size, 28, 28), np.uint8)


@pytest.fixture
def labels(db):
    """Store ten approved drawings of each of three owners. Two of the ten are near duplicates."""
    for owner, drawings in enumerate(random_images(3, 10)):
        drawings[7:9] = drawings[:2] // 2
        # Confirmed, because the base does not predict a digit for random pixels.
        approved_submissions(uuid.UUID(int=owner), drawings, [7] * 10, label_confirmed=True)


def test_batches_give_the_same_selection(labels, monkeypatch):
    whole = select(include_pending=False)
    monkeypatch.setattr(batches, "BATCH_SIZE", 3)
    batched = select(include_pending=False)
    assert batched.counts == whole.counts
    assert batched.counts["duplicates"] == 6
    assert batched.sha256 == whole.sha256
    first, second = load_drawings(batched.training), load_drawings(whole.training)
    assert np.array_equal(first.pixels, second.pixels)
    assert np.array_equal(first.labels, second.labels)


def test_reads_pixels_in_batches_and_does_not_keep_them(labels, monkeypatch):
    monkeypatch.setattr(batches, "BATCH_SIZE", 3)
    with CaptureQueriesContext(connection) as queries:
        selection = select(include_pending=False)
    pixel_queries = [query["sql"] for query in queries if "pixels" in query["sql"]]
    # Finding duplicates reads 30 drawings, and finding confusions reads the 24 others.
    assert len(pixel_queries) == 10 + 8, "in batches of 3"
    assert not hasattr(selection.training[0], "pixels")


@pytest.mark.usefixtures("labels")
def test_skips_submissions_deleted_meanwhile():
    rows = select(include_pending=False).training
    Submission.objects.filter(pk=rows[1].id).delete()
    drawings = load_drawings(rows)
    assert len(drawings.pixels) == len(drawings.labels) == len(drawings.rows) == len(rows) - 1


@pytest.mark.parametrize("path", PAGES)
def test_page_does_not_compare_too_many_labels(labels, reviewer_client, path, monkeypatch):
    assert "more than" not in reviewer_client.get(path).content.decode()
    monkeypatch.setattr(training_data, "COUNT_LIMIT", 29)
    with CaptureQueriesContext(connection) as queries:
        html = reviewer_client.get(path).content.decode()
    assert "more than" in html
    assert not [query["sql"] for query in queries if "pixels" in query["sql"]]


def test_concat_dataset_indexes_several_datasets_as_one():
    first = LabelledImages(random_images(5), np.arange(5, dtype=np.uint8))
    repeated = LabelledImages(255 - random_images(2), np.array([7, 8], np.uint8))
    indices = np.array([0, 0, 1, 1, 1])
    whole = first + repeated[indices] + first
    dataset = ConcatDataset(all_of(first), (repeated, indices), all_of(first))
    order = np.random.default_rng(1).permutation(len(whole))
    assert len(dataset) == 15
    assert (dataset.labels == whole.labels).all()
    assert (dataset[order].images == whole[order].images).all()
    assert (dataset[order].labels == whole[order].labels).all()
