"""Prediction changes on a version's page: submissions that it fixed or broke."""

import pytest

from recognizer.admin import model_versions
from recognizer.models import Label
from tests.support.factories import (
    corrupt,
    create_version,
    drawing_png,
    model_with_swapped_labels,
    prune_files,
)

pytestmark = pytest.mark.database


@pytest.fixture
def swapped(base):
    """A version that predicts every 3 as an 8 and every 8 as a 3."""
    return create_version(base, model_with_swapped_labels(3, 8, base))


@pytest.fixture
def approved(visitor, reviewer):
    """Three submissions: two that the base predicts as 3, one of them with the label 8; and a 1."""
    rows = [
        visitor.submit_and_get(drawing_png(digit, seed)) for seed, digit in enumerate((3, 3, 1))
    ]
    assert [row.predicted_digit for row in rows] == [3, 3, 1]
    for row, label in zip(rows, (Label.THREE, Label.EIGHT, Label.ONE), strict=True):
        row.approve(reviewer, label)
    return rows


def page_of(version, reviewer_client):
    return reviewer_client.get(f"/admin/recognizer/modelversion/{version.pk}/change/")


def shown(changes):
    """Return the submission id and the caption of each thumbnail."""
    return [(one.url.split("/")[-3], one.caption) for one in changes["thumbnails"]]


def test_shows_fixed_and_broken_submissions(swapped, approved, reviewer_client):
    three, eight, _ = approved
    page = page_of(swapped, reviewer_client)
    assert shown(page.context["fixed"]) == [(str(eight.pk), "8, predicted as 3")]
    assert shown(page.context["broken"]) == [(str(three.pk), "3, predicted as 8")]
    html = page.content.decode()
    assert "Fixed (only version 2 is correct): 1" in html
    assert "Broken (only version 1 is correct): 1" in html
    for row in (three, eight):
        assert f'<a href="/admin/recognizer/submission/{row.pk}/change/"><img src="data:' in html


def test_limits_thumbnails_to_newest(
    swapped, approved, visitor, reviewer, reviewer_client, monkeypatch
):
    newest = visitor.submit_and_get(drawing_png(3, seed=9))
    newest.approve(reviewer, Label.THREE)
    monkeypatch.setattr(model_versions, "THUMBNAIL_LIMIT", 1)
    page = page_of(swapped, reviewer_client)
    assert shown(page.context["broken"]) == [(str(newest.pk), "3, predicted as 8")]
    assert "Broken (only version 1 is correct): 2" in page.content.decode()
    assert "The newest 1:" in page.content.decode()


def test_same_model_changes_nothing(base, approved, reviewer_client):
    html = page_of(create_version(base), reviewer_client).content.decode()
    assert "Fixed (only version 2 is correct): 0" in html
    assert "Broken (only version 1 is correct): 0" in html


def test_version_without_parent_has_no_comparison(base, approved, reviewer_client):
    assert "its parent" not in page_of(base, reviewer_client).content.decode()


@pytest.mark.parametrize(
    ("make_unusable", "reason"), [(corrupt, "the model"), (prune_files, "files deleted")]
)
def test_unusable_parent_shows_reason(base, approved, reviewer_client, make_unusable, reason):
    parent = create_version(base)
    child = create_version(parent)
    make_unusable(parent)
    page = page_of(child, reviewer_client)
    assert f"Version 2 cannot be compared: {reason}" in page.content.decode()
    assert page.context["confusion"]
