"""GET and DELETE /api/v1/submissions/: a visitor's own submissions; reviewers can list all."""

import base64
from datetime import timedelta
from itertools import pairwise

import pytest
from django.utils import timezone

from recognizer.api.pagination import SubmissionPagination
from recognizer.models import Label, ModelVersion, Submission, VersionState
from tests.support.factories import Visitor, create_version, drawing_png, learn
from tests.support.review_helpers import submissions

pytestmark = pytest.mark.database


def ids(response):
    return [row["id"] for row in response.json()["results"]]


def test_lists_newest_first_in_pages(visitor):
    submitted = [str(visitor.submit_and_get(drawing_png(2, seed)).id) for seed in range(5)]
    first = visitor.get("/api/v1/submissions/?page_size=3")
    assert ids(first) == submitted[:1:-1]
    assert first.json()["previous"] is None
    second = visitor.get(first.json()["next"])
    assert ids(second) == submitted[1::-1]
    assert second.json()["next"] is None


@pytest.fixture
def same_time(reviewer_client, monkeypatch):
    """Store more drawings of the same time than DRF can count, between older and newer ones."""
    monkeypatch.setattr(SubmissionPagination, "offset_cutoff", 5)
    now = timezone.now()
    for number, moment in ((4, now), (20, now - timedelta(1)), (4, now - timedelta(2))):
        submissions(number, created=moment)
    return [str(row.pk) for row in Submission.objects.order_by("-created", "-id")]


@pytest.mark.parametrize("page_size", [1, 3, 7, 28])
def test_pages_contain_each_drawing_of_the_same_time_once(reviewer_client, same_time, page_size):
    url, pages = f"/api/v1/submissions/?page_size={page_size}", []
    while url and len(pages) < len(same_time):
        response = reviewer_client.get(url)
        pages.append(ids(response))
        url = response.json()["next"]
    assert [pk for page in pages for pk in page] == same_time
    for page, following in list(pairwise(pages))[::-1]:
        response = reviewer_client.get(response.json()["previous"])
        assert ids(response) == page
        assert ids(reviewer_client.get(response.json()["next"])) == following
    assert response.json()["previous"] is None


def test_page_after_an_emptied_one_is_the_first(reviewer_client, same_time):
    def get(url):
        return reviewer_client.get(url).json()

    first = get("/api/v1/submissions/?page_size=3")
    second = get(first["next"])
    Submission.objects.filter(pk__in=[row["id"] for row in first["results"]]).delete()
    emptied = get(second["previous"])
    assert emptied["results"] == []
    assert get(emptied["next"])["results"] == second["results"]


def test_a_forged_offset_is_ignored(reviewer_client, same_time):
    for offset in (3, 10**12, 10**40):
        response = reviewer_client.get("/api/v1/submissions/", {"cursor": cursor(f"o={offset}")})
        assert ids(response) == same_time


def test_lists_only_own_submissions(visitor):
    mine = visitor.submit_and_get()
    Visitor().submit_and_get()
    assert ids(visitor.get("/api/v1/submissions/")) == [str(mine.id)]


def test_list_of_a_new_visitor_is_empty(visitor):
    Visitor().submit_and_get()
    assert ids(visitor.get("/api/v1/submissions/")) == []


def test_reviewers_see_all_submissions(visitor, reviewer_client):
    row = visitor.submit_and_get()
    assert ids(reviewer_client.get("/api/v1/submissions/")) == [str(row.id)]
    assert reviewer_client.get(f"/api/v1/submissions/{row.id}/").status_code == 200
    assert reviewer_client.get(f"/api/v1/submissions/{row.id}/image/").status_code == 200


def test_disagreement_is_about_the_prediction_that_was_shown(visitor):
    """The network predicts a 7. The personal memory has adjusted the prediction to a 1."""
    corrected = visitor.submit_and_get(drawing_png(7), digit=7)
    confirmed = visitor.submit_and_get(drawing_png(3), digit=3)
    visitor.submit_and_get(drawing_png(4))
    for row, label in ((corrected, Label.ONE), (confirmed, Label.THREE)):
        personal = {"label": label, "confidence": 0.9, "probabilities": [0.1] * 10}
        row.personal_prediction = personal | {"neighbours": []}
        row.predicted_digit = Label.SEVEN
        row.save()
    found = visitor.get("/api/v1/submissions/?disagrees=true").json()["results"]
    assert [(row["digit"], row["correction"]["digit"]) for row in found] == [(1, 7)]
    others = visitor.get("/api/v1/submissions/?disagrees=false").json()["results"]
    assert [row["digit"] for row in others] == [4, 3]


def test_filters_the_list(visitor, reviewer):
    seven = visitor.submit_and_get(drawing_png(7), digit=1, source="upload")
    three = visitor.submit_and_get(drawing_png(3), digit=None)
    three.approve(reviewer, Label.NOT_A_DIGIT)
    uncorrected = visitor.submit_and_get(drawing_png(4))
    confirmed = visitor.submit_and_get(drawing_png(0), digit=0)
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


def test_filters_by_status(visitor, reviewer):
    rows = [visitor.submit_and_get(drawing_png(digit), digit=digit) for digit in range(4)]
    rows[1].approve(reviewer, Label(1))
    rows[2].reject(reviewer)
    rows[3].approve(reviewer, Label(3))
    rows[3].refresh_from_db()
    version = create_version(ModelVersion.objects.get(), state=VersionState.RETIRED)
    learn(version, rows[3])
    for row, status in zip(rows, ["pending", "approved", "rejected", "learned"], strict=True):
        listed = visitor.get(f"/api/v1/submissions/?status={status}")
        assert ids(listed) == [str(row.id)]
        assert listed.json()["results"][0]["status"] == status


@pytest.mark.parametrize(
    "query",
    [
        "digit=11",
        "digit=x",
        "digit=",
        "review=lost",
        "status=lost",
        "model_version=x",
        "model_version=1.5",
        "model_version=99999999999",
        "created_after=never",
        "created_after=0001-01-01T00:00:00%2B16:00",
        "disagrees=maybe",
    ],
)
def test_rejects_invalid_filters(visitor, query):
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
        cursor("p=2026-01-01T00:00:00"),
        cursor("p=2026-01-01T00:00:00,1"),
        cursor("p=7,00000000-0000-0000-0000-000000000000"),
        cursor("o=-1"),
        cursor("p=0001-01-01T00:00:00%2B16:00"),
    ],
)
@pytest.mark.parametrize("path", ["submissions", "models"])
def test_rejects_an_invalid_cursor(visitor, path, broken):
    response = visitor.get(f"/api/v1/{path}/", {"cursor": broken})
    assert (response.status_code, response.json()["code"]) == (400, "invalid")
    assert response.json()["fields"] == {"cursor": ["Invalid cursor"]}


@pytest.mark.parametrize("size", ["0", "201", "-1", "many", "", "1.5", "0000001500", "0" * 5000])
def test_rejects_invalid_page_sizes(visitor, size):
    response = visitor.get("/api/v1/submissions/", {"page_size": size})
    assert response.status_code == 400
    assert list(response.json()["fields"]) == ["page_size"]


def test_page_needs_one_query_for_any_number_of_rows(visitor, django_assert_num_queries):
    visitor.submit_and_get(drawing_png(1))
    with django_assert_num_queries(1):  # the rows with their model versions
        visitor.get("/api/v1/submissions/")
    for seed in range(4):
        visitor.submit_and_get(drawing_png(2, seed))
    with django_assert_num_queries(1):  # the rows with their model versions
        visitor.get("/api/v1/submissions/")


def test_deletes_a_submission(visitor):
    row = visitor.submit_and_get()
    assert visitor.delete(f"/api/v1/submissions/{row.id}/").status_code == 204
    assert not Submission.objects.exists()
    assert visitor.get(f"/api/v1/submissions/{row.id}/").status_code == 404


@pytest.mark.parametrize("path", ["", "image/"])
def test_returns_404_for_a_submission_of_another_visitor(visitor, path):
    row = visitor.submit_and_get()
    assert Visitor().get(f"/api/v1/submissions/{row.id}/{path}").status_code == 404


def test_does_not_delete_a_submission_of_another_visitor(visitor, reviewer_client):
    row = visitor.submit_and_get()
    for other in (Visitor(), reviewer_client):
        assert other.delete(f"/api/v1/submissions/{row.id}/").status_code == 404
    assert Submission.objects.exists()


def test_accepts_a_cursor_with_a_large_time_zone_offset(visitor):
    visitor.submit_and_get()
    position = cursor("p=0358-10-31T06:52:38-16:46,00000000-0000-0000-0000-000000000000")
    assert ids(visitor.get("/api/v1/submissions/", {"cursor": position})) == []
