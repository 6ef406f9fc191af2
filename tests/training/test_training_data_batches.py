"""Training data is read in batches, because a million drawings must fit into memory."""

import uuid

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ml.data.concat_dataset import ConcatDataset, all_of
from ml.data.mnist import LabelledImages
from recognizer.models import Submission
from recognizer.training import training_data
from recognizer.training.training_data import select, to_arrays
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
        approved_submissions(uuid.UUID(int=owner), drawings, [7] * 10)


def test_batches_give_the_same_selection(labels, monkeypatch):
    whole = select(include_pending=False)
    monkeypatch.setattr(training_data, "BATCH_SIZE", 3)
    batched = select(include_pending=False)
    assert batched.counts == whole.counts
    assert batched.counts["duplicates"] == 6
    assert batched.sha256 == whole.sha256
    assert all(map(np.array_equal, to_arrays(batched.training), to_arrays(whole.training)))


def test_reads_pixels_in_batches_and_does_not_keep_them(labels, monkeypatch):
    monkeypatch.setattr(training_data, "BATCH_SIZE", 3)
    with CaptureQueriesContext(connection) as queries:
        selection = select(include_pending=False)
    pixel_queries = [query["sql"] for query in queries if "pixels" in query["sql"]]
    assert len(pixel_queries) == 10, "30 drawings in batches of 3"
    assert not hasattr(selection.training[0], "pixels")


@pytest.mark.usefixtures("labels")
def test_skips_submissions_deleted_meanwhile():
    rows = select(include_pending=False).training
    Submission.objects.filter(pk=rows[1].id).delete()
    pixels, labels = to_arrays(rows)
    assert len(pixels) == len(labels) == len(rows) - 1


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
