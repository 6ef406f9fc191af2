"""/mine/: a visitor's own drawings with the status of each."""

import uuid
from itertools import count

import pytest

from recognizer.accounts import owner_cookie
from recognizer.models import Label, Submission
from recognizer.serving import model_registry
from recognizer.training.owner_split import is_held_out
from recognizer.web import views
from tests.support import factories
from tests.support.factories import Visitor, corrupt, create_version, drawing_png

pytestmark = pytest.mark.database


def status_messages(visitor):
    return [row["status_message"] for row in visitor.get("/mine/").context["drawings"]]


def promote(version):
    model_registry.promote(version, by="a test")
    # Otherwise, the old version would stay in use for up to one second.
    model_registry._loaded = None


@pytest.fixture
def seven(visitor):
    return visitor.submit_and_get(drawing_png(7), digit=7)


def learn(row):
    """Promote a version that was trained on the submission, and return it."""
    version = create_version(model_registry.live_version())
    promote(version)
    factories.learn(version, row)
    return version


def test_shows_image_and_status(visitor, seven):
    page = visitor.get("/mine/")
    assert page.status_code == 200
    text = page.content.decode()
    assert f"/api/v1/submissions/{seven.pk}/image/" in text
    assert "Pending: waiting for a reviewer." in text


def test_empty_list_says_so(db):
    assert "You have no drawings yet." in Visitor().get("/mine/").content.decode()


def test_shows_only_own_drawings_even_to_staff(visitor, seven, reviewer_client):
    Visitor().submit_and_get(drawing_png(3))
    assert len(status_messages(visitor)) == 1
    assert status_messages(reviewer_client) == []


def test_status_of_uncorrected_drawing(visitor):
    visitor.submit_and_get()
    assert status_messages(visitor) == ["You have not confirmed or corrected the prediction."]


def test_status_of_rejected_drawing(visitor, seven, reviewer):
    seven.reject(reviewer)
    assert status_messages(visitor) == ["Rejected: a reviewer could not use it."]


def test_status_of_approved_drawing(visitor, seven, reviewer):
    seven.approve(reviewer, Label.EIGHT)
    assert status_messages(visitor) == ["Approved as an 8. The next training run can use it."]


def test_status_of_approved_drawing_of_held_out_owner(visitor, seven, reviewer):
    owner = uuid.UUID(int=next(i for i in count() if is_held_out(uuid.UUID(int=i))))
    Submission.objects.update(owner=owner)
    visitor.cookies["owner"] = owner_cookie.signed(owner)
    seven.approve(reviewer, Label.EIGHT)
    assert status_messages(visitor) == ["Approved as an 8. The next training run can use it."]
    for _ in range(4):
        Visitor().submit_and_get(drawing_png(3)).approve(reviewer, Label.THREE)
    assert status_messages(visitor) == ["Approved as an 8; used to test new versions."]


def test_status_of_drawing_learned_by_live_version(visitor, seven, reviewer):
    seven.approve(reviewer, Label.SEVEN)
    learn(seven)
    assert status_messages(visitor) == ["Learned as a 7 in version 2, which predicts it correctly."]


def test_status_of_drawing_learned_but_still_wrong(visitor, seven, reviewer):
    seven.approve(reviewer, Label.NOT_A_DIGIT)
    learn(seven)
    assert status_messages(visitor) == [
        "Learned as not a digit in version 2, which still gets it wrong."
    ]


@pytest.mark.parametrize(
    ("label", "result"),
    [(Label.SEVEN, "predicts it correctly"), (Label.ONE, "gets it wrong")],
)
def test_status_of_drawing_learned_by_earlier_version(visitor, seven, reviewer, label, result):
    seven.approve(reviewer, label)
    promote(create_version(learn(seven)))
    assert status_messages(visitor) == [f"Learned as a {label} in version 2. Version 3 {result}."]


def test_status_without_usable_version(visitor, seven, reviewer):
    seven.approve(reviewer, Label.SEVEN)
    corrupt(learn(seven))
    # Otherwise, the site would load the parent of the corrupt live version.
    corrupt(model_registry.live_version().predecessor)
    model_registry._loaded = None
    assert status_messages(visitor) == ["Learned as a 7 in version 2."]


def test_list_has_pages(visitor, monkeypatch, django_assert_num_queries):
    rows = [visitor.submit_and_get(drawing_png(2, seed)) for seed in range(25)]
    with django_assert_num_queries(3):  # the page, the memory, the count
        first = visitor.get("/mine/")
    assert len(first.context["drawings"]) == 24
    assert "25 drawings" in first.content.decode()
    assert first.context["newer"] is None
    second = visitor.get(first.context["older"])
    assert [drawing["submission"] for drawing in second.context["drawings"]] == rows[:1]
    assert second.context["older"] is None
    newer = visitor.get(second.context["newer"])
    assert newer.context["drawings"] == first.context["drawings"]
    monkeypatch.setattr(views, "COUNT_LIMIT", 24)
    assert "More than 24 drawings" in visitor.get("/mine/").content.decode()


@pytest.mark.parametrize("query", ["cursor=rubbish", "cursor=", "page=2", "page_size=x"])
def test_invalid_page_redirects_to_first(visitor, query):
    assert visitor.get(f"/mine/?{query}").url == "/mine/"


def test_page_without_drawings_redirects_to_first(visitor):
    rows = [visitor.submit_and_get(drawing_png(2, seed)) for seed in range(25)]
    older = visitor.get("/mine/").context["older"]
    rows[0].delete()
    assert visitor.get(older).url == "/mine/"


def test_delete_all_deletes_own_drawings(visitor, seven):
    other = Visitor().submit_and_get(drawing_png(3))
    visitor.submit_and_get(drawing_png(2))
    assert visitor.delete("/api/v1/submissions/").status_code == 204
    assert list(Submission.objects.all()) == [other]


def test_delete_all_by_staff_deletes_only_own_drawings(seven, reviewer_client):
    assert reviewer_client.delete("/api/v1/submissions/").status_code == 204
    assert Submission.objects.get() == seven


def test_delete_all_without_drawings_deletes_nothing(seven):
    assert Visitor().delete("/api/v1/submissions/").status_code == 204
    assert Submission.objects.get() == seven
