"""/metrics/ counts every request, and only authorized clients can read it."""

import re

import pytest
from django.db import OperationalError, connection
from prometheus_client.parser import text_string_to_metric_families

from recognizer.models import Source
from recognizer.ops import db_metrics
from tests.support.factories import Visitor, drawing_png
from tests.support.review_helpers import submissions

pytestmark = pytest.mark.database

TOKEN = "a-token-for-prometheus"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


def samples(text):
    """Return {(name, label value, label value, ...): value}, in the order of the label names."""
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.fixture
def scrape(settings, db):
    """Return a function that reads the metrics with the token."""
    settings.METRICS_TOKEN = TOKEN

    def read_metrics():
        response = Visitor().get("/metrics/", headers=BEARER)
        assert response.status_code == 200
        return samples(response.content.decode())

    return read_metrics


def test_counts_requests_predictions_and_submissions(scrape, visitor):
    before = scrape()
    visitor.submit_and_get(drawing_png(7), digit=7)
    visitor.submit_and_get(drawing_png(7, seed=1), digit=1)
    visitor.submit(drawing_png(3))
    visitor.submit(drawing_png(3))  # a repetition, which is not stored
    after = scrape()

    def increase(*key):
        return after[key] - before.get(key, 0)

    assert increase("digitsite_predictions_total", "7", "1") == 2
    assert increase("digitsite_predictions_total", "3", "1") == 2
    assert increase("digitsite_confidence_count", "1") == 4
    assert increase("digitsite_prediction_seconds_count") == 4
    assert increase("digitsite_submissions_total", "api") == 3
    assert increase("digitsite_requests_total", "POST", "201", "submission-list") == 3
    assert increase("digitsite_requests_total", "POST", "200", "submission-list") == 1
    assert increase("digitsite_request_seconds_count", "submission-list") == 4
    assert after["digitsite_database_up",] == 1
    assert after["digitsite_live_version",] == after["digitsite_loaded_version",] == 1
    assert after["digitsite_pending_submissions",] == 3
    assert after["digitsite_unfinished_training_runs",] == 0
    shares = [after["digitsite_correction_share", kind] for kind in ("none", "agrees", "disagrees")]
    assert shares == pytest.approx([1 / 3] * 3)
    submissions(3, source=Source.IMPORT)
    assert scrape()["digitsite_correction_share", "none"] == pytest.approx(1 / 3)


def test_unknown_paths_and_methods_share_one_name(scrape, visitor):
    for i in range(3):
        visitor.get(f"/nothing-{i}/")
        visitor.generic(f"MADE{i}", "/")
    names = {key for key in scrape() if key[0] == "digitsite_requests_total"}
    assert ("digitsite_requests_total", "GET", "404", "other") in names
    assert ("digitsite_requests_total", "other", "405", "draw") in names
    assert not re.search("nothing-|MADE", str(names))


def test_scrape_sends_few_queries(scrape, django_assert_max_num_queries, monkeypatch, visitor):
    monkeypatch.setattr(db_metrics, "COUNT_LIMIT", 2)
    scrape()
    for seed in range(3):
        visitor.submit(drawing_png(4, seed))
    with django_assert_max_num_queries(6):
        assert scrape()["digitsite_pending_submissions",] == 2


def test_reports_a_broken_database(scrape):
    scrape()

    def raise_error(*_):
        raise OperationalError("gone")

    with connection.execute_wrapper(raise_error):
        found = scrape()
    assert found["digitsite_database_up",] == 0
    assert ("digitsite_live_version",) not in found
    assert "digitsite_requests_total" in {key[0] for key in found}


@pytest.mark.parametrize("given", ["", "Bearer ", "Bearer wrong", TOKEN, "Bearer None"])
@pytest.mark.parametrize("expected", ["", TOKEN])
def test_rejects_a_wrong_token(visitor, settings, expected, given):
    settings.METRICS_TOKEN = expected
    response = visitor.get("/metrics/", headers={"Authorization": given} if given else {})
    assert response.status_code == 401
    assert "digitsite_" not in response.content.decode()


def test_allows_staff_and_no_other_user(reviewer_client, visitor, django_user_model):
    assert reviewer_client.get("/metrics/").status_code == 200
    visitor.force_login(django_user_model.objects.create_user("ana"))
    assert visitor.get("/metrics/").status_code == 401
