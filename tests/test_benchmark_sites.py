"""The benchmarks' own sites and visitors do what they are measured by."""

import json
import subprocess
import sys

from kit import ROOT, Visitor, drawing
from site_under_test import Site

from benchmarks import million, serving


def test_the_view_that_does_nothing(settings, db):
    settings.ROOT_URLCONF = "benchmarks.empty_urls"
    assert Visitor().post("/empty/").json() == {}
    assert Visitor().get("/readyz/").status_code == 200


def test_visitors_send_each_drawing_once(tmp_path):
    (tmp_path / "pictures").mkdir()
    for seed in range(40):
        (tmp_path / "pictures" / f"{seed}.png").write_bytes(drawing(seed % 10, seed))
    with Site(tmp_path / "data", DATABASE_URL="", RATE_LIMITS="off") as site:
        url = f"{site.url}/api/v1/submissions/"
        load = [sys.executable, "-m", "benchmarks.load", url, str(tmp_path / "pictures")]
        load += ["--connections=2", "--seconds=1", "--rate=20"]
        done = subprocess.run(load, cwd=ROOT, stdout=subprocess.PIPE, check=True)
        found = json.loads(done.stdout)
        code = (
            "from recognizer.models import Submission; rows = Submission.objects.order_by(); "
            "print(rows.count(), rows.values('owner').distinct().count())"
        )
        stored = site.manage("shell", "-v0", "-c", code)
    assert found["errors"] == 0
    assert 4 <= found["requests"] <= 22
    assert stored.stdout.split() == [str(found["requests"]), "2"]


def test_a_seeded_site(tmp_path):
    site = Site(tmp_path, DATABASE_URL="", RATE_LIMITS="off")
    seed = [sys.executable, "-m", "benchmarks.seed", "700"]
    subprocess.run(seed, cwd=ROOT, env=site.environment, check=True, stdout=subprocess.PIPE)
    measure = [sys.executable, "-m", "benchmarks.million", "--measure"]
    done = subprocess.run(measure, cwd=ROOT, env=site.environment, check=True, capture_output=True)
    found = json.loads(done.stdout)
    assert len(found) > 40  # each of these pages answered with 200
    assert "desk: overview" in found


def test_the_tables():
    few, many = {"a page": (0.01, 100)}, {"a page": (0.03, 200)}
    printed = million.table(few, many, 1000, 50_000)
    assert "3.0  <<<  (the answer is 2.0 times as long)" in printed
    one = serving.Measured(10.0, 0.1, 0, 1.0, 90.0)
    assert "100%" in serving.line("ours", one, one, one)
