"""The benchmarks' sites, visitors, measurements and tables work."""

import json
import subprocess
import sys

import pytest

from benchmarks import million, serving
from tests.support.factories import ROOT, Visitor, drawing_png
from tests.support.live_site import Site


def test_noop_view_returns_an_empty_object(settings, db):
    settings.ROOT_URLCONF = "benchmarks.noop_urls"
    assert Visitor().post("/noop/").json() == {}
    assert Visitor().get("/readyz/").status_code == 200


@pytest.mark.slow
def test_load_generator_stores_each_drawing_once(tmp_path):
    (tmp_path / "pictures").mkdir()
    for seed in range(40):
        (tmp_path / "pictures" / f"{seed}.png").write_bytes(drawing_png(seed % 10, seed))
    with Site(tmp_path / "data", DATABASE_URL="", RATE_LIMITS="off") as site:
        url = f"{site.url}/api/v1/submissions/"
        load = [sys.executable, "-m", "benchmarks.load_generator", url, str(tmp_path / "pictures")]
        load += ["--connections=2", "--seconds=1", "--rate=20"]
        process = subprocess.run(load, cwd=ROOT, stdout=subprocess.PIPE, check=True)
        summary = json.loads(process.stdout)
        code = (
            "from recognizer.models import Submission; rows = Submission.objects.order_by(); "
            "print(rows.count(), rows.values('owner').distinct().count())"
        )
        stored = site.manage("shell", "-v0", "-c", code)
    assert summary["errors"] == 0
    assert 4 <= summary["requests"] <= 22
    assert stored.stdout.split() == [str(summary["requests"]), "2"]


@pytest.mark.slow
def test_measures_each_page_of_a_seeded_site(tmp_path):
    site = Site(tmp_path, DATABASE_URL="", RATE_LIMITS="off")
    seed = [sys.executable, "-m", "benchmarks.seed", "700"]
    subprocess.run(seed, cwd=ROOT, env=site.environment, check=True, stdout=subprocess.PIPE)
    measure = [sys.executable, "-m", "benchmarks.million", "--measure"]
    done = subprocess.run(measure, cwd=ROOT, env=site.environment, check=True, capture_output=True)
    measurements = json.loads(done.stdout)
    assert len(measurements) > 40  # Each of these pages returned 200.
    assert "review: dashboard" in measurements


def test_tables_show_ratios():
    few, many = {"a page": (0.01, 100)}, {"a page": (0.03, 200)}
    printed = million.table(few, many, 1000, 50_000)
    assert "3.0  <<<  (the response is 2.0 times as large)" in printed
    one = serving.Measurement(10.0, 0.1, 0, 1.0, 90.0)
    assert "100%" in serving.line("ours", one, one, one)
    expected = (
        "8.6 million drawings a day; 2.5 KB per drawing, of which 1.5 KB are the image; "
        "400,000 drawings per GB"
    )
    assert serving.capacity(100.0, 2500.0, 1500.0) == expected
