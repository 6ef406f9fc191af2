"""Simultaneous writes and promotions lose no submission and mix up no prediction.

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

from tests.support.factories import drawing_png
from tests.support.live_site import ROOT, Site
from tests.support.postgres import on_postgresql

pytestmark = pytest.mark.slow

WRITERS = 32
WRITING = float(os.environ.get("WRITING", 2))  # seconds
SWAPS = int(os.environ.get("SWAPS", 3))
COUNT = "from recognizer.models import Submission; print(Submission.objects.count())"
CREATE_A_SECOND_VERSION = """
from recognizer.serving.model_registry import live_version
from tests.support.factories import create_version, model_with_swapped_labels
base = live_version()
create_version(base, model_with_swapped_labels(3, 7, base))
"""
SWAP_VERSIONS = """
import time
from recognizer.models import ModelVersion
from recognizer.serving.model_registry import promote
for swap in range({swaps}):
    promote(ModelVersion.objects.get(number=2 - swap % 2), by="a test")
    time.sleep(1.2)  # all processes follow within a second
"""


@pytest.fixture(params=["sqlite", "postgresql"], scope="module")
def site(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    environment = {"RATE_LIMITS": "off", "CACHE_URL": ""}
    if request.param == "sqlite":
        with Site(folder, DATABASE_URL="", **environment) as site:
            yield site
    else:
        with (
            on_postgresql() as url,
            Site(folder, DATABASE_URL=url, **environment) as site,
        ):
            yield site


def test_simultaneous_writers_lose_no_submission(site, tmp_path):
    (tmp_path / "pictures").mkdir()
    for seed in range(100):
        (tmp_path / "pictures" / f"{seed}.png").write_bytes(drawing_png(seed % 10, seed))
    url = f"{site.url}/api/v1/submissions/"
    load = [sys.executable, "-m", "benchmarks.load_generator", url, str(tmp_path / "pictures")]
    load += [f"--connections={WRITERS}", f"--seconds={WRITING}"]
    done = subprocess.run(load, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    counts = json.loads(done.stdout)
    print(counts)
    assert counts["errors"] == 0
    assert counts["stored"] == counts["requests"] > WRITERS
    assert int(site.manage("shell", "-v0", "-c", COUNT).stdout) == counts["stored"]


def test_promotions_do_not_mix_up_predictions(site):
    """Each version always predicts the same for a drawing, and the two versions differ on a 3."""
    created = site.manage("shell", "-c", CREATE_A_SECOND_VERSION)
    assert created.returncode == 0, created.stderr
    drawings = [drawing_png(digit, seed) for digit in (3, 7, 5) for seed in range(3)]
    predictions, failed, stop = defaultdict(set), [], threading.Event()

    def predict():
        session = requests.Session()
        for number, image in cycle(enumerate(drawings)):
            if stop.is_set():
                return
            response = session.post(f"{site.url}/api/v1/recognize/", files={"image": image})
            if response.status_code != 200:
                failed.append(response.text)
                continue
            body = response.json()
            prediction = (body["digit"], *body["probabilities"])
            predictions[body["model_version"], number].add(prediction)

    threads = [threading.Thread(target=predict) for _ in range(4)]
    for thread in threads:
        thread.start()
    swapped = site.manage("shell", "-c", SWAP_VERSIONS.format(swaps=SWAPS))
    stop.set()
    for thread in threads:
        thread.join()
    assert swapped.returncode == 0, swapped.stderr
    assert failed == []
    assert {version for version, _ in predictions} == {1, 2}
    assert all(len(different) == 1 for different in predictions.values())
    assert predictions[1, 0] != predictions[2, 0]
