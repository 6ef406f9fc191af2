"""What Prometheus reads at /metrics/: right with several processes, and not for everybody."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from django.db import OperationalError, connection
from kit import Visitor, drawing
from prometheus_client.parser import text_string_to_metric_families
from site_under_test import Site

from recognizer import figures

TOKEN = "a-token-for-prometheus"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


def samples(text):
    """{(name, label, label, ...): value}, the labels' values in the order of their names."""
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.fixture
def scrape(settings, db):
    settings.METRICS_TOKEN = TOKEN

    def scraped():
        response = Visitor().get("/metrics/", headers=BEARER)
        assert response.status_code == 200
        return samples(response.content.decode())

    return scraped


def test_it_works(scrape, visitor):
    before = scrape()
    visitor.submitted(drawing(7), digit=7)
    visitor.submitted(drawing(7, seed=1), digit=1)
    visitor.submit(drawing(3))
    visitor.submit(drawing(3))  # the same again
    after = scrape()

    def grown(*key):
        return after[key] - before.get(key, 0)

    assert grown("digitsite_answers_total", "7", "1") == 2
    assert grown("digitsite_answers_total", "3", "1") == 2
    assert grown("digitsite_confidence_count", "1") == 4
    assert grown("digitsite_recognition_seconds_count") == 4
    assert grown("digitsite_submissions_total", "api") == 3
    assert grown("digitsite_requests_total", "POST", "201", "submission-list") == 3
    assert grown("digitsite_requests_total", "POST", "200", "submission-list") == 1
    assert grown("digitsite_request_seconds_count", "submission-list") == 4
    assert after["digitsite_database_up",] == 1
    assert after["digitsite_live_version",] == after["digitsite_served_version",] == 1
    assert after["digitsite_waiting_submissions",] == 3
    assert after["digitsite_unfinished_training_runs",] == 0
    shares = [after["digitsite_said_share", said] for said in ("nothing", "right", "wrong")]
    assert shares == pytest.approx([1 / 3] * 3)


def test_made_up_paths_and_methods_have_one_name(scrape, visitor):
    for i in range(3):
        visitor.get(f"/nothing-{i}/")
        visitor.generic(f"MADE{i}", "/")
    names = {key for key in scrape() if key[0] == "digitsite_requests_total"}
    assert ("digitsite_requests_total", "GET", "404", "other") in names
    assert ("digitsite_requests_total", "other", "405", "draw") in names
    assert not re.search("nothing-|MADE", str(names))


def test_a_scrape_asks_the_database_little(
    scrape, django_assert_max_num_queries, monkeypatch, visitor
):
    monkeypatch.setattr(figures, "MOST_WAITING", 2)
    scrape()
    for seed in range(3):
        visitor.submit(drawing(4, seed))
    with django_assert_max_num_queries(6):
        assert scrape()["digitsite_waiting_submissions",] == 2


def test_without_the_database_it_says_so(scrape):
    scrape()

    def broken(*_):
        raise OperationalError("gone")

    with connection.execute_wrapper(broken):
        found = scrape()
    assert found["digitsite_database_up",] == 0
    assert ("digitsite_live_version",) not in found
    assert "digitsite_requests_total" in {key[0] for key in found}


@pytest.mark.parametrize("given", ["", "Bearer ", "Bearer wrong", TOKEN, "Bearer None"])
@pytest.mark.parametrize("expected", ["", TOKEN])
def test_not_for_everybody(visitor, settings, expected, given):
    settings.METRICS_TOKEN = expected
    response = visitor.get("/metrics/", headers={"Authorization": given} if given else {})
    assert response.status_code == 401
    assert "digitsite_" not in response.content.decode()


def test_staff_may(desk, visitor, django_user_model):
    assert desk.get("/metrics/").status_code == 200
    visitor.force_login(django_user_model.objects.create_user("ana"))
    assert visitor.get("/metrics/").status_code == 401


def test_several_processes_are_added_up(tmp_path):
    old = tmp_path / "metrics"
    alone = {"DATABASE_URL": "", "CACHE_URL": ""}
    with Site(tmp_path, WEB_CONCURRENCY="2", METRICS_TOKEN=TOKEN, **alone) as site:
        api = f"{site.url}/api/v1/recognize/"

        def ask(i):
            return requests.post(api, files={"image": drawing(i % 2)}, timeout=20).status_code

        def counting():
            (folder,) = old.iterdir()
            return len(list(folder.glob("counter_*.db")))

        asked = 0
        with ThreadPoolExecutor(8) as pool:
            while asked < 1000 and (asked == 0 or counting() < 2):
                assert set(pool.map(ask, range(60))) == {200}
                asked += 60
        assert counting() == 2  # both have had something to do
        for _ in range(6):  # whichever answers
            text = requests.get(f"{site.url}/metrics/", headers=BEARER, timeout=20).text
            found = samples(text)
            assert found["digitsite_answers_total", "0", "1"] == asked / 2
            assert found["digitsite_answers_total", "1", "1"] == asked / 2
            assert found["digitsite_recognition_seconds_count",] == asked
            assert found["digitsite_requests_total", "POST", "200", "recognize"] == asked
            assert found["digitsite_confidence_bucket", "+Inf", "1"] == asked
    with site:  # a new start counts from nothing
        text = requests.get(f"{site.url}/metrics/", headers=BEARER, timeout=20).text
        assert "digitsite_answers_total{" not in text
