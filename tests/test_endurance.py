"""Many write at once and versions change while others are read: nothing is lost, or mixed up.

`make test-endurance` runs the long form: WRITING=60 seconds, SWAPS=100.
"""

import json
import os
import subprocess
import sys
import threading
from collections import defaultdict
from itertools import cycle

import pytest
import requests
from databases import on_postgresql
from kit import ROOT, drawing
from site_under_test import Site

WRITERS = 32
WRITING = float(os.environ.get("WRITING", 3))
SWAPS = int(os.environ.get("SWAPS", 3))
COUNT = "from recognizer.models import Submission; print(Submission.objects.count())"
A_SECOND_VERSION = """
from kit import mixing_up, new_version
from recognizer.registry import live_version
base = live_version()
new_version(base, mixing_up(3, 7, base))
"""
SWAP = """
import time
from recognizer import registry
from recognizer.models import ModelVersion
for swap in range({swaps}):
    registry.promote(ModelVersion.objects.get(number=2 - swap % 2), by="a test")
    time.sleep(1.2)  # all processes follow within a second
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def site(request, tmp_path):
    how = {"RATE_LIMITS": "off", "WEB_CONCURRENCY": "2", "CACHE_URL": ""}
    if request.param == "sqlite":
        with Site(tmp_path / "data", DATABASE_URL="", **how) as site:
            yield site
    else:
        with on_postgresql() as url, Site(tmp_path / "data", DATABASE_URL=url, **how) as site:
            yield site


def test_writers(site, tmp_path):
    (tmp_path / "pictures").mkdir()
    for seed in range(200):
        (tmp_path / "pictures" / f"{seed}.png").write_bytes(drawing(seed % 10, seed))
    url = f"{site.url}/api/v1/submissions/"
    load = [sys.executable, "-m", "benchmarks.load", url, str(tmp_path / "pictures")]
    load += [f"--connections={WRITERS}", f"--seconds={WRITING}"]
    done = subprocess.run(load, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    found = json.loads(done.stdout)
    print(found)
    assert found["errors"] == 0
    assert found["stored"] == found["requests"] > WRITERS
    assert int(site.manage("shell", "-v0", "-c", COUNT).stdout) == found["stored"]


def test_swaps(site):
    """Each version reads each drawing always the same, and the two read threes differently."""
    made = site.manage("shell", "-c", A_SECOND_VERSION, PYTHONPATH=str(ROOT / "tests"))
    assert made.returncode == 0, made.stderr
    drawings = [drawing(digit, seed) for digit in (3, 7, 5) for seed in range(3)]
    answers, failed, stop = defaultdict(set), [], threading.Event()

    def read():
        session = requests.Session()
        for number, image in cycle(enumerate(drawings)):
            if stop.is_set():
                return
            answer = session.post(f"{site.url}/api/v1/recognize/", files={"image": image})
            if answer.status_code != 200:
                failed.append(answer.text)
                continue
            body = answer.json()
            answers[body["model_version"], number].add((body["digit"], *body["probabilities"]))

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    swapped = site.manage("shell", "-c", SWAP.format(swaps=SWAPS))
    stop.set()
    for reader in readers:
        reader.join()
    assert swapped.returncode == 0, swapped.stderr
    assert failed == []
    assert {version for version, _ in answers} == {1, 2}
    assert all(len(different) == 1 for different in answers.values())
    assert answers[1, 0] != answers[2, 0]
