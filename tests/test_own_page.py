"""/mine/: a visitor's own drawings, and the fate of each in words."""

import pytest
from kit import Visitor, damage, drawing, new_version

from recognizer import registry, views
from recognizer.models import Answer, Submission


def shown(visitor):
    return [row["fate"] for row in visitor.get("/mine/").context["drawings"]]


def put_live(version):
    registry.promote(version, by="a test")
    registry._served = None  # as after a second


@pytest.fixture
def seven(visitor):
    return visitor.submitted(drawing(7), digit=7)


def learned(row):
    """As if `retrain` had put a version live that learned it; returns the version."""
    version = new_version(registry.live_version())
    put_live(version)
    Submission.objects.filter(pk=row.pk).update(learned_in=version)
    return version


def test_it_works(visitor, seven):
    page = visitor.get("/mine/")
    assert page.status_code == 200
    text = page.content.decode()
    assert f"/api/v1/submissions/{seven.pk}/image/" in text
    assert "Pending: waits for a reviewer." in text


def test_nothing_drawn_yet(db):
    assert "Nothing here yet." in Visitor().get("/mine/").content.decode()


def test_only_ones_own_also_for_staff(visitor, seven, desk):
    Visitor().submitted(drawing(3))
    assert len(shown(visitor)) == 1
    assert shown(desk) == []


def test_not_corrected(visitor):
    visitor.submitted()
    assert shown(visitor) == ["You have not said what it is."]


def test_rejected(visitor, seven, reviewer):
    seven.reject(reviewer)
    assert shown(visitor) == ["Rejected: a reviewer could not use it."]


def test_approved_as_something_else(visitor, seven, reviewer):
    seven.approve(reviewer, Answer.EIGHT)
    assert shown(visitor) == ["Approved as an 8: will be learned."]


def test_learned_by_the_live_version(visitor, seven, reviewer):
    seven.approve(reviewer, Answer.SEVEN)
    learned(seven)
    assert shown(visitor) == ["Learned as a 7 in version 2, which reads it right."]


def test_learned_and_still_read_wrong(visitor, seven, reviewer):
    seven.approve(reviewer, Answer.NOT_A_DIGIT)
    learned(seven)
    assert shown(visitor) == ["Learned as not a digit in version 2, which still reads it wrong."]


@pytest.mark.parametrize(("label", "how"), [(Answer.SEVEN, "right"), (Answer.ONE, "wrong")])
def test_learned_by_an_earlier_version(visitor, seven, reviewer, label, how):
    seven.approve(reviewer, label)
    put_live(new_version(learned(seven)))
    assert shown(visitor) == [f"Learned as a {label} in version 2. Version 3 reads it {how}."]


def test_with_no_version_that_can_be_served(visitor, seven, reviewer):
    seven.approve(reviewer, Answer.SEVEN)
    damage(learned(seven))
    damage(registry.live_version().parent)
    registry._served = None
    assert shown(visitor) == ["Learned as a 7 in version 2."]


def test_many_come_in_pages(visitor, monkeypatch, django_assert_num_queries):
    rows = [visitor.submitted(drawing(2, seed)) for seed in range(25)]
    with django_assert_num_queries(3):  # the session, the page, how many
        first = visitor.get("/mine/")
    assert len(first.context["drawings"]) == 24
    assert "25 drawings" in first.content.decode()
    assert first.context["newer"] is None
    second = visitor.get(first.context["older"])
    assert [shown["submission"] for shown in second.context["drawings"]] == rows[:1]
    assert second.context["older"] is None
    newer = visitor.get(second.context["newer"])
    assert newer.context["drawings"] == first.context["drawings"]
    monkeypatch.setattr(views, "COUNTED", 24)
    assert "More than 24 drawings" in visitor.get("/mine/").content.decode()


@pytest.mark.parametrize("query", ["cursor=rubbish", "cursor=", "page=2", "page_size=x"])
def test_a_page_that_is_not_there(visitor, query):
    assert visitor.get(f"/mine/?{query}").url == "/mine/"


def test_a_page_of_which_all_is_deleted(visitor):
    rows = [visitor.submitted(drawing(2, seed)) for seed in range(25)]
    older = visitor.get("/mine/").context["older"]
    rows[0].delete()
    assert visitor.get(older).url == "/mine/"


def test_delete_all(visitor, seven):
    other = Visitor().submitted(drawing(3))
    visitor.submitted(drawing(2))
    assert visitor.delete("/api/v1/submissions/").status_code == 204
    assert list(Submission.objects.all()) == [other]


def test_delete_all_by_staff_deletes_nobody_elses(seven, desk):
    assert desk.delete("/api/v1/submissions/").status_code == 204
    assert Submission.objects.get() == seven


def test_delete_all_by_who_has_nothing(seven):
    assert Visitor().delete("/api/v1/submissions/").status_code == 204
    assert Submission.objects.get() == seven
