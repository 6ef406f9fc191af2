"""On a submission's page: how each version reads it."""

import re

import pytest
from kit import damage, delete_files, drawing, mixing_up, new_version

from recognizer import readings, registry
from recognizer.models import Answer, State


@pytest.fixture
def base(db):
    return registry.live_version()


@pytest.fixture
def three(visitor):
    row = visitor.submitted(drawing(3))
    assert row.predicted_digit == 3
    return row


def page(row):
    return f"/admin/recognizer/submission/{row.pk}/change/"


def shown(desk, row):
    """The table without the confidences."""
    response = desk.get(page(row))
    assert response.status_code == 200
    return [
        (version.number, answer, verdict)
        for version, answer, _, verdict in response.context["time_machine"]
    ]


def test_every_version_newest_first(base, three, reviewer, desk):
    mixed_up = new_version(base, mixing_up(3, 8, base), state=State.REFUSED)
    new_version(base)
    three.approve(reviewer, Answer.THREE)
    assert shown(desk, three) == [(3, "3", "right"), (2, "8", "wrong"), (1, "3", "right")]
    html = re.sub(r"\s+", " ", desk.get(page(three)).content.decode())
    link = f'<a href="/admin/recognizer/modelversion/{mixed_up.pk}/change/">version 2</a>'
    assert f'<th scope="row">{link}</th> <td>Refused</td> <td>8</td> <td>' in html
    assert f"<td>{three.confidence:.0%}</td> <td>right</td>" in html


def test_not_a_digit(base, three, reviewer, desk):
    new_version(base, mixing_up(3, Answer.NOT_A_DIGIT, base))
    three.approve(reviewer, Answer.NOT_A_DIGIT)
    assert shown(desk, three) == [(2, "not a digit", "right"), (1, "3", "wrong")]


def test_nobody_knows_before_the_review(three, desk):
    assert shown(desk, three) == [(1, "3", "–")]


def test_a_damaged_version(base, three, reviewer, desk):
    damage(new_version(base))
    three.approve(reviewer, Answer.THREE)
    assert shown(desk, three) == [(2, "damaged", "–"), (1, "3", "right")]


def test_a_version_without_files(base, three, reviewer, desk):
    delete_files(new_version(base))
    three.approve(reviewer, Answer.THREE)
    assert shown(desk, three) == [(2, "files deleted", "–"), (1, "3", "right")]


def test_only_the_newest(base, three, desk, monkeypatch):
    new_version(base)
    monkeypatch.setattr(readings, "VERSIONS", 1)
    assert shown(desk, three) == [(2, "3", "–")]


def test_versions_cost_no_query_each(base, three, desk, django_assert_num_queries):
    with django_assert_num_queries(5):  # session, user, submission, its version, all versions
        desk.get(page(three))
    for _ in range(5):
        new_version(base)
        delete_files(new_version(base))
    with django_assert_num_queries(5):
        assert len(shown(desk, three)) == 11
