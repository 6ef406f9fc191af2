"""GET and DELETE /api/v1/submissions/: one's own; for staff, everybody's to look at."""

import base64

import pytest
from kit import Visitor, drawing, upload

from recognizer.models import Answer, Submission


def ids(response):
    return [row["id"] for row in response.json()["results"]]


def test_newest_first_in_pages(visitor):
    made = [str(visitor.submitted(drawing(2, seed)).id) for seed in range(5)]
    first = visitor.get("/api/v1/submissions/?page_size=3")
    assert ids(first) == made[:1:-1]
    assert first.json()["previous"] is None
    second = visitor.get(first.json()["next"])
    assert ids(second) == made[1::-1]
    assert second.json()["next"] is None


def test_only_ones_own(visitor):
    mine = visitor.submitted()
    Visitor().submitted()
    assert ids(visitor.get("/api/v1/submissions/")) == [str(mine.id)]


def test_who_has_drawn_nothing_has_nothing(visitor):
    Visitor().submitted()
    assert ids(visitor.get("/api/v1/submissions/")) == []


def test_staff_see_everybodys(visitor, desk):
    row = visitor.submitted()
    assert ids(desk.get("/api/v1/submissions/")) == [str(row.id)]
    assert desk.get(f"/api/v1/submissions/{row.id}/").status_code == 200
    assert desk.get(f"/api/v1/submissions/{row.id}/image/").status_code == 200


def test_filters(visitor, reviewer):
    seven = visitor.submitted(drawing(7), digit=1, source="upload")
    three = visitor.submitted(drawing(3), digit=None)
    three.approve(reviewer, Answer.NOT_A_DIGIT)
    uncorrected = visitor.submitted(drawing(4))
    confirmed = visitor.submitted(drawing(0), digit=0)
    later = uncorrected.created.isoformat().replace("+", "%2B")
    for query, expected in {
        "digit=7": [seven],
        "corrected_digit=1": [seven],
        "corrected_digit=null": [three],
        "label=null": [three],
        "review=approved": [three],
        "review=pending": [confirmed, uncorrected, seven],
        "source=upload": [seven],
        "model_version=1": [confirmed, uncorrected, three, seven],
        "model_version=2": [],
        "disagrees=true": [three, seven],
        "disagrees=false": [confirmed, uncorrected],
        f"created_after={later}": [confirmed, uncorrected],
        f"created_before={later}": [three, seven],
        "created_before=0358-10-31T06:52:38-16:46": [],
        "created_after=0358-10-31T06:52:38-16:46": [confirmed, uncorrected, three, seven],
        "review=pending&digit=7": [seven],
    }.items():
        found = ids(visitor.get(f"/api/v1/submissions/?{query}"))
        assert found == [str(row.id) for row in expected], query


@pytest.mark.parametrize(
    "query",
    [
        "digit=11",
        "digit=x",
        "digit=",
        "review=lost",
        "model_version=x",
        "model_version=1.5",
        "model_version=99999999999",
        "created_after=never",
        "created_after=0001-01-01T00:00:00%2B16:00",
        "disagrees=maybe",
    ],
)
def test_filters_that_are_none(visitor, query):
    response = visitor.get(f"/api/v1/submissions/?{query}")
    assert (response.status_code, response.json()["code"]) == (400, "invalid")


def cursor(text):
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "broken",
    [
        "x",
        "ü",
        cursor("p=never"),
        cursor("p=%00"),
        cursor("o=-1"),
        cursor("p=0001-01-01T00:00:00%2B16:00"),
    ],
)
@pytest.mark.parametrize("path", ["submissions", "models"])
def test_a_broken_cursor(visitor, path, broken):
    response = visitor.get(f"/api/v1/{path}/", {"cursor": broken})
    assert (response.status_code, response.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("size", ["0", "201", "-1", "many", "", "1.5", "9" * 5000])
def test_no_page_size(visitor, size):
    response = visitor.get("/api/v1/submissions/", {"page_size": size})
    assert response.status_code == 400
    assert list(response.json()["fields"]) == ["page_size"]


def test_only_some_fields(visitor):
    row = visitor.submitted(drawing(7), strokes="[[[1, 2, 3]]]")
    one = f"/api/v1/submissions/{row.id}/"
    assert visitor.get(f"{one}?fields=digit,strokes").json() == {
        "digit": 7,
        "strokes": [[[1, 2, 3]]],
    }
    listed = visitor.get("/api/v1/submissions/?fields=id").json()["results"]
    assert listed == [{"id": str(row.id)}]
    assert visitor.get("/api/v1/models/1/?fields=number").json() == {"number": 1}


@pytest.mark.parametrize("names", ["", "owner", "id,", "id,image_sha256"])
def test_no_such_field(visitor, names):
    row = visitor.submitted()
    response = visitor.get(f"/api/v1/submissions/{row.id}/", {"fields": names})
    assert (response.status_code, response.json()["code"]) == (400, "invalid")
    assert list(response.json()["fields"]) == ["fields"]


def test_a_page_costs_the_same_for_one_and_for_many(visitor, django_assert_num_queries):
    visitor.submitted(drawing(1))
    with django_assert_num_queries(2):  # the session, the page with its versions
        visitor.get("/api/v1/submissions/")
    for seed in range(4):
        visitor.submitted(drawing(2, seed))
    with django_assert_num_queries(2):
        visitor.get("/api/v1/submissions/")


def test_delete_is_for_good(visitor):
    row = visitor.submitted()
    assert visitor.delete(f"/api/v1/submissions/{row.id}/").status_code == 204
    assert not Submission.objects.exists()
    assert visitor.get(f"/api/v1/submissions/{row.id}/").status_code == 404


@pytest.mark.parametrize("path", ["", "image/"])
def test_reading_anothers_is_404(visitor, path):
    row = visitor.submitted()
    assert Visitor().get(f"/api/v1/submissions/{row.id}/{path}").status_code == 404


def test_deleting_anothers_is_404(visitor, desk):
    row = visitor.submitted()
    for other in (Visitor(), desk):
        assert other.delete(f"/api/v1/submissions/{row.id}/").status_code == 404
    assert Submission.objects.exists()


def test_no_such_field_of_nothing(visitor):
    assert visitor.get("/api/v1/submissions/?fields=owner").status_code == 400


def test_no_such_field_stores_nothing(visitor):
    response = visitor.post("/api/v1/submissions/?fields=owner", {"image": upload(drawing())})
    assert response.status_code == 400
    assert not Submission.objects.exists()


def test_a_cursor_with_a_far_offset(visitor):
    visitor.submitted()
    position = cursor("p=0358-10-31T06:52:38-16:46")
    assert ids(visitor.get("/api/v1/submissions/", {"cursor": position})) == []
