"""Pages stay fast with a million drawings.

Each list finds its rows in order with an index, and the number of queries does not grow with the
number of rows.
"""

import base64
import uuid

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.cache import cache
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from rest_framework.request import Request

from recognizer import audit
from recognizer.accounts import ownership
from recognizer.admin import pagination
from recognizer.api.filters import SubmissionFilter, with_filter_aliases
from recognizer.api.pagination import SubmissionPagination
from recognizer.models import Review, Submission, remembered_state
from recognizer.review import dashboard, doubtful_labels, queue
from recognizer.serving import model_registry
from recognizer.training import owner_split
from tests.support.factories import create_version
from tests.support.review_helpers import submissions

pytestmark = pytest.mark.database

# {query string of the API's list: the index that finds the rows, newest first}
LISTS = {
    "": "submission_by_time",
    "digit=7": "submission_by_time",
    "corrected_digit=3": "submission_by_time",
    "disagrees=true": "submission_by_time",
    "disagrees=false": "submission_by_time",
    "created_before=2026-01-01T00:00:00Z": "submission_by_time",
    "label=3": "submission_by_label",
    "review=pending": "submission_by_review",
    "status=rejected": "submission_by_review",
    "source=import": "submission_by_source",
    "model_version=1": "submission_by_version",
}


def plan(rows):
    """Return the lines of SQLite's query plan about the submissions and about sorting."""
    return "\n".join(
        line for line in rows.explain().splitlines() if "submission" in line or "TEMP" in line
    )


@pytest.fixture
def sqlite(db):
    """Skip the test on PostgreSQL, whose plans depend on statistics about the rows."""
    if connection.vendor != "sqlite":
        pytest.skip("tests plans of SQLite")


@pytest.mark.parametrize("query", LISTS)
def test_list_of_all_submissions_uses_an_index(sqlite, query):
    rows = with_filter_aliases(
        Submission.objects.select_related("model_version"), has_one_owner=False
    )
    found = plan(SubmissionFilter(QueryDict(query), rows).qs[:51])
    assert f"USING INDEX {LISTS[query]}" in found
    assert "TEMP B-TREE" not in found  # SQLite sorts with this tree.


@pytest.mark.parametrize("query", [*LISTS, "label=3&review=approved&source=api&model_version=1"])
def test_list_of_own_submissions_uses_the_owner_index(sqlite, query):
    own = with_filter_aliases(Submission.objects.owned_by(uuid.uuid4()), has_one_owner=True)
    found = plan(SubmissionFilter(QueryDict(query), own).qs[:51])
    assert "USING INDEX submission_by_owner (owner=?" in found
    assert "TEMP B-TREE" not in found


@pytest.mark.parametrize("reverse", ["", "r=1&"])
@pytest.mark.parametrize("is_own", [True, False])
def test_second_page_of_a_list_is_a_range_of_an_index(sqlite, rf, is_own, reverse):
    cursor = base64.b64encode(f"{reverse}p=2026-01-01,{uuid.uuid4()}".encode()).decode()
    request = Request(rf.get("/", {"cursor": cursor}))
    rows = Submission.objects.all()
    rows = with_filter_aliases(
        rows.owned_by(uuid.uuid4()) if is_own else rows, has_one_owner=is_own
    )
    with CaptureQueriesContext(connection) as captured:
        SubmissionPagination().paginate_queryset(rows, request)
    with connection.cursor() as database:
        database.execute(f"EXPLAIN QUERY PLAN {captured[0]['sql']}")
        found = str(database.fetchall())
    index = "submission_by_owner (owner=? AND created" if is_own else "submission_by_time (created"
    assert f"USING INDEX {index}" in found
    assert "TEMP B-TREE" not in found


def test_personal_memory_reads_ranges_of_two_indexes(sqlite):
    with CaptureQueriesContext(connection) as captured:
        remembered_state(uuid.uuid4())
    with connection.cursor() as database:
        database.execute(f"EXPLAIN QUERY PLAN {captured[0]['sql']}")
        found = str(database.fetchall())
    assert "USING COVERING INDEX submission_by_memory (owner=?)" in found
    assert "USING INDEX submission_by_owner (owner=?)" in found
    assert "TEMP B-TREE" not in found


@pytest.mark.parametrize(
    ("rows", "index"),
    [
        (
            lambda: Submission.objects.pending().highest_priority_first(),
            "submission_by_round (review=?)",
        ),
        (
            lambda: Submission.objects.pending().oldest_first(),
            "submission_by_review (review=?)",
        ),
        (
            lambda: Submission.objects.pending().filter(suggested_label=7).lowest_priority_first(),
            "submission_by_label_round (review=? AND suggested_label=?)",
        ),
        (
            lambda: dashboard.needs_closer_look().order_by(),
            "submission_by_round (review=? AND review_round=? AND review_priority>?)",
        ),
        (
            lambda: Submission.objects.owned_by(uuid.uuid4()).pending().order_by().values("review"),
            "COVERING INDEX submission_by_pending_owner (owner=? AND review=?)",
        ),
        (
            lambda: queue.predicted_by_other_versions(3)[0],
            "submission_by_live (review=? AND live_prediction_version_id<?)",
        ),
        (
            lambda: queue.predicted_by_other_versions(3)[1],
            "submission_by_live (review=? AND live_prediction_version_id>?)",
        ),
        (
            lambda: queue.predicted_by_other_versions(3)[2],
            "submission_by_live (review=? AND live_prediction_version_id=?)",
        ),
        (doubtful_labels.doubtful, "submission_by_label_noise"),
        (
            lambda: doubtful_labels.doubtful().filter(
                doubtful_labels.is_after(f"0.9,{uuid.uuid4()}")
            ),
            "submission_by_label_noise (label_noise>? AND label_noise<?)",
        ),
        (
            lambda: Submission.objects.newest_reviews(),
            "submission_by_visitor_review",
        ),
        (
            lambda: Submission.objects.of_visitors().values("corrected_digit", "predicted_digit"),
            "COVERING INDEX submission_by_time",
        ),
        (
            lambda: Submission.objects.labelled(include_pending=False).order_by("created", "id"),
            "submission_by_review",
        ),
        (
            lambda: Submission.objects.filter(review=Review.APPROVED).values_list("owner"),
            "submission_by_review",
        ),
        (
            lambda: owner_split.approved_test_drawings().owned_by(uuid.uuid4()),
            "submission_by_test_owner (review=? AND owner=?)",
        ),
        (
            lambda: owner_split.approved_test_drawings().values_list("owner").distinct(),
            "submission_by_test_owner (review=?)",
        ),
    ],
    ids=[
        "queue",
        "oldest drawings in the queue",
        "bulk review",
        "drawings that need a closer look",
        "number of an owner's pending drawings",
        "drawings last predicted by an older version",
        "drawings last predicted by a newer version",
        "imported drawings that no version predicted",
        "doubtful labels",
        "more doubtful labels",
        "newest reviews",
        "newest corrections",
        "training",
        "owners of approved drawings",
        "test drawings of an owner",
        "owners of test drawings",
    ],
)
def test_review_and_training_queries_use_an_index(sqlite, rows, index):
    found = plan(rows()[:100])
    assert index in found
    assert "TEMP B-TREE" not in found


def test_dashboard_counts_with_covering_indexes(sqlite, reviewer_client):
    with CaptureQueriesContext(connection) as captured:
        reviewer_client.get("/review/dashboard/")
    counts = [query["sql"] for query in captured if "GROUP BY" in query["sql"]]
    assert len(counts) == 2
    for sql in counts:
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
            assert "COVERING INDEX" in str(cursor.fetchall())


def test_audit_trail_uses_an_index(sqlite, reviewer):
    found = LogEntry.objects.filter(user=reviewer)[:10].explain()
    assert "audit_trail_by_user" in found
    assert "TEMP B-TREE" not in found


PAGES = (
    "/mine/",
    "/api/v1/submissions/",
    "/api/v1/submissions/?label=7&model_version=1",
    "/admin/",
    "/admin/recognizer/submission/",
    "/admin/recognizer/submission/?review__exact=approved&p=1",
    "/admin/recognizer/modelversion/",
    "/admin/recognizer/modelversion/1/change/",
    "/admin/admin/logentry/",
    "/review/dashboard/",
    "/review/agreement/",
    "/review/bulk/7/",
    "/review/doubtful/",
    "/metrics/",
)


@pytest.mark.parametrize("path", PAGES)
def test_many_rows_need_as_many_queries_as_few(reviewer_client, reviewer, path, monkeypatch):
    monkeypatch.setattr(model_registry, "REFRESH_SECONDS", 3600)
    path = path.replace("/1/", f"/{model_registry.live_version().pk}/")
    model_registry.loaded_version()

    def queries_after_adding(number):
        corrected = {"predicted_digit": 7, "corrected_digit": 7}
        submissions(number, owner=ownership.owner_for_user(reviewer), **corrected)
        for row in submissions(number, **corrected):
            row.approve(reviewer, 7)
            audit.record(reviewer, row, CHANGE, "Approved.")
        # The first request fills caches, so the second one is counted.
        assert reviewer_client.get(path).status_code == 200
        with CaptureQueriesContext(connection) as captured:
            reviewer_client.get(path)
        return [query["sql"] for query in captured]

    few, many = queries_after_adding(3), queries_after_adding(60)
    assert len(many) == len(few), "\n".join(many)
    counts = [sql for sql in many if "COUNT(" in sql and "submission" in sql]
    assert all(is_bounded(sql) for sql in counts), counts


def is_bounded(count):
    """Return whether a counting query stays fast with many rows.

    Such a query counts up to a limit, or counts one owner's rows, or belongs to the dashboard,
    which caches its counts.
    """
    return "LIMIT" in count or '"owner" =' in count or "GROUP BY" in count


def test_admin_list_says_more_than_if_it_does_not_count_all(reviewer_client, monkeypatch):
    monkeypatch.setattr(pagination, "LOOKAHEAD_PAGES", 1)
    submissions(160)
    first = reviewer_client.get("/admin/recognizer/submission/").content.decode()
    assert "more than 100 submissions" in first
    assert "across all pages" not in first
    assert "?p=2" in first
    third = reviewer_client.get("/admin/recognizer/submission/?p=3").content.decode()
    assert "160 submissions" in third
    assert "Select all 160 submissions" in third
    assert "?p=4" in third
    assert reviewer_client.get("/admin/recognizer/submission/?p=9").status_code == 302
    assert reviewer_client.get("/admin/recognizer/submission/?p=nonsense").status_code in (200, 302)


def test_audit_trail_says_more_than_if_it_does_not_count_all(
    reviewer_client, reviewer, monkeypatch
):
    monkeypatch.setattr(pagination, "LOOKAHEAD_PAGES", 0)
    for row in submissions(120):
        audit.record(reviewer, row, CHANGE, "Approved.")
    assert "more than 100" in reviewer_client.get("/admin/admin/logentry/").content.decode()


def test_bulk_review_counts_up_to_a_limit(reviewer_client, monkeypatch):
    monkeypatch.setattr(queue, "COUNT_LIMIT", 3)
    submissions(4)
    submissions(2, predicted_digit=1)
    page = reviewer_client.get("/review/bulk/1/").content.decode()
    assert "(3+)" in page
    assert "(2)" in page


def test_dashboard_caches_the_counts_of_many_rows(reviewer_client, monkeypatch):
    monkeypatch.setattr(dashboard, "CACHE_THRESHOLD", 10)

    def counts():
        context = reviewer_client.get("/review/dashboard/").context
        return context["chart"].total, context["versions"][0].submitted

    submissions(9)
    assert counts() == (9, 9)
    submissions(1)
    assert counts() == (10, 10)  # cached from now on
    submissions(5, predicted_digit=3, corrected_digit=5)
    assert counts() == (10, 10)
    cache.clear()
    assert counts() == (15, 15)


def test_filters_find_the_same_rows_with_and_without_an_index(db):
    new = create_version(model_registry.live_version())
    owner = uuid.uuid4()
    submissions(2, owner=owner, label=3, review=Review.APPROVED)
    submissions(3, owner=owner, source="import", model_version=new)
    submissions(1, owner=owner, corrected_digit=1)
    for query, expected in {
        "label=3": 2,
        "review=pending": 4,
        "source=import": 3,
        "model_version=2": 3,
        "model_version=9": 0,
        "disagrees=true": 1,
        "disagrees=false": 5,
    }.items():
        for has_one_owner in (True, False):
            own = Submission.objects.owned_by(owner)
            rows = with_filter_aliases(own, has_one_owner=has_one_owner)
            assert SubmissionFilter(QueryDict(query), rows).qs.count() == expected, query
