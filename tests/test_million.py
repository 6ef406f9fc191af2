"""With a million drawings no page takes longer: every list finds its rows by an index, in order,
and asks as often for many rows as for few."""

import uuid

import pytest
from desk import submissions
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.cache import cache
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from kit import new_version

from recognizer import audit, owners, registry
from recognizer.admin import pages
from recognizer.api.filters import SubmissionFilter, filterable
from recognizer.desk import overview, queue
from recognizer.models import Review, Submission

# What somebody may ask for, and the index that brings it, newest first.
LISTS = {
    "": "submission_by_time",
    "digit=7": "submission_by_time",
    "corrected_digit=3": "submission_by_time",
    "disagrees=true": "submission_by_time",
    "disagrees=false": "submission_by_time",
    "created_before=2026-01-01T00:00:00Z": "submission_by_time",
    "label=3": "submission_by_label",
    "review=pending": "submission_by_review",
    "source=import": "submission_by_source",
    "model_version=1": "submission_by_version_time",
}


def plan(rows):
    """How the database will find them; on SQLite, which has no statistics that could sway it."""
    return "\n".join(
        line for line in rows.explain().splitlines() if "submission" in line or "TEMP" in line
    )


@pytest.fixture
def sqlite(db):
    if connection.vendor != "sqlite":
        pytest.skip("left out: plans depend on statistics there")


@pytest.mark.parametrize("query", LISTS)
def test_it_works(sqlite, query):
    rows = filterable(Submission.objects.select_related("model_version"), by_owner=False)
    found = plan(SubmissionFilter(QueryDict(query), rows).qs[:51])
    assert f"USING INDEX {LISTS[query]}" in found
    assert "TEMP B-TREE" not in found  # no sorting of all that is found


@pytest.mark.parametrize("query", [*LISTS, "label=3&review=approved&source=api&model_version=1"])
def test_of_a_visitor_only_their_own_are_looked_at(sqlite, query):
    own = filterable(Submission.objects.owned_by(uuid.uuid4()), by_owner=True)
    found = plan(SubmissionFilter(QueryDict(query), own).qs[:51])
    assert "USING INDEX submission_by_owner (owner=?" in found
    assert "TEMP B-TREE" not in found


@pytest.mark.parametrize(
    ("rows", "index"),
    [
        (lambda: Submission.objects.pending().order_by("-doubt", "-id"), "submission_by_doubt"),
        (
            lambda: Submission.objects.pending().filter(proposed_digit=7).order_by("doubt", "id"),
            "submission_by_proposal",
        ),
        (
            lambda: Submission.objects.filter(reviewed_at__isnull=False).order_by("-reviewed_at"),
            "submission_by_reviewed_at",
        ),
        (
            lambda: Submission.objects.labelled(include_pending=False).order_by("created", "id"),
            "submission_by_review",
        ),
    ],
)
def test_what_the_desk_and_a_training_ask_for(sqlite, rows, index):
    found = plan(rows()[:100])
    assert index in found
    assert "TEMP B-TREE" not in found


def test_the_audit_trail(sqlite, reviewer):
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
    "/desk/overview/",
    "/desk/quality/",
    "/desk/grid/7/",
    "/metrics/",
)


@pytest.mark.parametrize("path", PAGES)
def test_many_rows_cost_as_many_queries_as_few(desk, reviewer, path, monkeypatch):
    monkeypatch.setattr(registry, "FOLLOW_SECONDS", 3600)
    path = path.replace("/1/", f"/{registry.live_version().pk}/")
    registry.serving()

    def queries(rows):
        said = {"predicted_digit": 7, "corrected_digit": 7}
        submissions(rows, owner=owners.of_user(reviewer), **said)
        for row in submissions(rows, **said):
            row.approve(reviewer, 7)
            audit.note(reviewer, row, CHANGE, "Approved.")
        assert desk.get(path).status_code == 200  # some things are remembered from the first on
        with CaptureQueriesContext(connection) as asked:
            desk.get(path)
        return [query["sql"] for query in asked]

    few, many = queries(3), queries(60)
    assert len(many) == len(few), "\n".join(many)
    counts = [sql for sql in many if "COUNT(" in sql and "submission" in sql]
    assert all(bounded(sql) for sql in counts), counts


def bounded(sql):
    """Whether it counts so many at most, or what one owner drew, or is the overview's, which is
    kept."""
    return "LIMIT" in sql or '"owner" =' in sql or "GROUP BY" in sql


def test_an_admin_list_says_more_than(desk, monkeypatch):
    monkeypatch.setattr(pages, "AHEAD", 1)
    submissions(160)
    first = desk.get("/admin/recognizer/submission/").content.decode()
    assert "more than 100 submissions" in first
    assert "across all pages" not in first  # nobody knows how many that would be
    assert "?p=2" in first
    third = desk.get("/admin/recognizer/submission/?p=3").content.decode()
    assert "160 submissions" in third
    assert "Select all 160 submissions" in third
    assert "?p=4" in third
    assert desk.get("/admin/recognizer/submission/?p=9").status_code == 302
    assert desk.get("/admin/recognizer/submission/?p=nonsense").status_code in (200, 302)


def test_the_audit_trail_is_not_counted_either(desk, reviewer, monkeypatch):
    monkeypatch.setattr(pages, "AHEAD", 0)
    for row in submissions(120):
        audit.note(reviewer, row, CHANGE, "Approved.")
    assert "more than 100" in desk.get("/admin/admin/logentry/").content.decode()


def test_a_grid_counts_no_further_than_a_thousand(desk, monkeypatch):
    monkeypatch.setattr(queue, "MANY", 3)
    submissions(4)
    submissions(2, predicted_digit=1)
    page = desk.get("/desk/grid/1/").content.decode()
    assert "(3+)" in page
    assert "(2)" in page


def test_the_overview_keeps_what_took_long_to_count(desk, monkeypatch):
    monkeypatch.setattr(overview, "MANY_ROWS", 10)

    def drawn():
        context = desk.get("/desk/overview/").context
        return context["chart"].total, context["versions"][0].drawn

    submissions(9)
    assert drawn() == (9, 9)
    submissions(1)
    assert drawn() == (10, 10)  # from here on it is kept
    submissions(5, predicted_digit=3, corrected_digit=5)
    assert drawn() == (10, 10)
    cache.clear()
    assert drawn() == (15, 15)


def test_filters_answer_the_same_for_one_and_for_all(db):
    """The same words, by an index or not, choose the same rows."""
    new = new_version(registry.live_version())
    mine = uuid.uuid4()
    submissions(2, owner=mine, label=3, review=Review.APPROVED)
    submissions(3, owner=mine, source="import", model_version=new)
    submissions(1, owner=mine, corrected_digit=1)
    for query, expected in {
        "label=3": 2,
        "review=pending": 4,
        "source=import": 3,
        "model_version=2": 3,
        "model_version=9": 0,
        "disagrees=true": 1,
        "disagrees=false": 5,
    }.items():
        for by_owner in (True, False):
            rows = filterable(Submission.objects.owned_by(mine), by_owner=by_owner)
            assert SubmissionFilter(QueryDict(query), rows).qs.count() == expected, query
