"""On a version's page: the drawings that only it, or only its parent, reads rightly."""

import pytest
from kit import damage, delete_files, drawing, mixing_up, new_version

from recognizer import registry
from recognizer.admin import versions
from recognizer.models import Answer


@pytest.fixture
def base(db):
    return registry.live_version()


@pytest.fixture
def mixed_up(base):
    """Takes every 3 for an 8, every 8 for a 3."""
    return new_version(base, mixing_up(3, 8, base))


@pytest.fixture
def approved(visitor, reviewer):
    """Two that the base reads as 3, one of them said to be an 8; and a 1."""
    rows = [visitor.submitted(drawing(digit, seed)) for seed, digit in enumerate((3, 3, 1))]
    assert [row.predicted_digit for row in rows] == [3, 3, 1]
    for row, label in zip(rows, (Answer.THREE, Answer.EIGHT, Answer.ONE), strict=True):
        row.approve(reviewer, label)
    return rows


def page_of(version, desk):
    return desk.get(f"/admin/recognizer/modelversion/{version.pk}/change/")


def seen(row):
    return [(picture.url.split("/")[-3], picture.text) for picture in row["pictures"]]


def test_gained_and_lost(mixed_up, approved, desk):
    three, eight, _ = approved
    page = page_of(mixed_up, desk)
    assert seen(page.context["gained"]) == [(str(eight.pk), "8, read as 3")]
    assert seen(page.context["lost"]) == [(str(three.pk), "3, read as 8")]
    html = page.content.decode()
    assert "Only version 2 reads rightly: 1" in html
    assert "Only version 1 reads rightly: 1" in html
    for row in (three, eight):
        assert f'<a href="/admin/recognizer/submission/{row.pk}/change/"><img src="data:' in html


def test_more_than_a_row_holds(mixed_up, approved, visitor, reviewer, desk, monkeypatch):
    newest = visitor.submitted(drawing(3, seed=9))
    newest.approve(reviewer, Answer.THREE)
    monkeypatch.setattr(versions, "FACES", 1)
    page = page_of(mixed_up, desk)
    assert seen(page.context["lost"]) == [(str(newest.pk), "3, read as 8")]
    assert "Only version 1 reads rightly: 2" in page.content.decode()
    assert "The newest 1:" in page.content.decode()


def test_two_that_read_the_same(base, approved, desk):
    html = page_of(new_version(base), desk).content.decode()
    assert "Only version 2 reads rightly: 0" in html
    assert "Only version 1 reads rightly: 0" in html


def test_no_parent(base, approved, desk):
    assert "its parent" not in page_of(base, desk).content.decode()


@pytest.mark.parametrize(("harm", "why"), [(damage, "the model"), (delete_files, "files deleted")])
def test_a_parent_that_reads_nothing(base, approved, desk, harm, why):
    parent = new_version(base)
    child = new_version(parent)
    harm(parent)
    page = page_of(child, desk)
    assert f"Version 2 cannot be compared with: {why}" in page.content.decode()
    assert page.context["confusion"]
