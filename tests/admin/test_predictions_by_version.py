"""Predictions by version on a submission's admin page."""

import re

import pytest

from recognizer.models import Label, VersionState
from recognizer.serving import reevaluation
from tests.support.factories import (
    corrupt,
    create_version,
    drawing_png,
    model_with_swapped_labels,
    prune_files,
)

pytestmark = pytest.mark.database


@pytest.fixture
def three(visitor):
    row = visitor.submit_and_get(drawing_png(3))
    assert row.predicted_digit == 3
    return row


def page(row):
    return f"/admin/recognizer/submission/{row.pk}/change/"


def shown(reviewer_client, row):
    """Return the rows of the table without the confidence."""
    response = reviewer_client.get(page(row))
    assert response.status_code == 200
    return [
        (version.number, prediction, verdict)
        for version, prediction, _, verdict in response.context["predictions_by_version"]
    ]


def test_lists_all_versions_newest_first(base, three, reviewer, reviewer_client):
    swapped = create_version(
        base, model_with_swapped_labels(3, 8, base), state=VersionState.REJECTED
    )
    create_version(base)
    three.approve(reviewer, Label.THREE)
    assert shown(reviewer_client, three) == [
        (3, "3", "correct"),
        (2, "8", "wrong"),
        (1, "3", "correct"),
    ]
    html = re.sub(r"\s+", " ", reviewer_client.get(page(three)).content.decode())
    link = f'<a href="/admin/recognizer/modelversion/{swapped.pk}/change/">version 2</a>'
    assert f'<th scope="row">{link}</th> <td>Rejected</td> <td>8</td> <td>' in html
    assert f"<td>{min(0.99, three.confidence):.0%}</td> <td>correct</td>" in html


def test_compares_label_not_a_digit(base, three, reviewer, reviewer_client):
    create_version(base, model_with_swapped_labels(3, Label.NOT_A_DIGIT, base))
    three.approve(reviewer, Label.NOT_A_DIGIT)
    assert shown(reviewer_client, three) == [(2, "not a digit", "correct"), (1, "3", "wrong")]


def test_pending_submission_has_no_verdict(three, reviewer_client):
    assert shown(reviewer_client, three) == [(1, "3", "–")]


def test_corrupt_version_has_no_prediction(base, three, reviewer, reviewer_client):
    corrupt(create_version(base))
    three.approve(reviewer, Label.THREE)
    assert shown(reviewer_client, three) == [(2, "corrupt", "–"), (1, "3", "correct")]


def test_version_without_files_has_no_prediction(base, three, reviewer, reviewer_client):
    prune_files(create_version(base))
    three.approve(reviewer, Label.THREE)
    assert shown(reviewer_client, three) == [(2, "files deleted", "–"), (1, "3", "correct")]


def test_lists_only_newest_versions(base, three, reviewer_client, monkeypatch):
    create_version(base)
    monkeypatch.setattr(reevaluation, "VERSION_LIMIT", 1)
    assert shown(reviewer_client, three) == [(2, "3", "–")]


def test_query_count_does_not_grow_with_versions(
    base, three, reviewer_client, django_assert_num_queries
):
    with django_assert_num_queries(5):  # session, user, submission, its version, all versions
        reviewer_client.get(page(three))
    for _ in range(5):
        create_version(base)
        prune_files(create_version(base))
    with django_assert_num_queries(5):
        assert len(shown(reviewer_client, three)) == 11
