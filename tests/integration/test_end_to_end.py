"""A drawing goes through the whole site: submitted, corrected, approved, and used for training."""

import json
import re
import threading
import time

import pytest
import requests

from tests.support.factories import drawing_png
from tests.support.live_site import Site, token

pytestmark = [pytest.mark.slow, pytest.mark.training]


@pytest.fixture(scope="module")
def site(tmp_path_factory, small_mnist_file):
    path, digest = small_mnist_file
    folder = tmp_path_factory.mktemp("site")
    small = {"MNIST_PATH": str(path), "MNIST_SHA256": digest}
    with Site(folder, DATABASE_URL="", CACHE_URL="", **small) as running:
        yield running


class BusyVisitor(threading.Thread):
    """A visitor who requests predictions all the time."""

    def __init__(self, site):
        super().__init__()
        self.site, self.stop, self.failures = site, threading.Event(), []
        self.first_seen = {}  # version: time of its first prediction

    def run(self):
        while not self.stop.is_set():
            response = requests.post(
                f"{self.site.url}/api/v1/recognize/", files={"image": drawing_png()}, timeout=20
            )
            if response.status_code == 200:
                self.first_seen.setdefault(response.json()["model_version"], time.time())
            else:
                self.failures.append(response.text)
            time.sleep(0.05)


def test_correction_is_learned_while_the_site_serves(site):
    # Submit.
    visitor, api = requests.Session(), f"{site.url}/api/v1"
    image = drawing_png(3, seed=5)
    submission = visitor.post(f"{api}/submissions/", files={"image": image}).json()
    assert submission["model_version"] == 1
    # Correct.
    corrected = visitor.post(
        f"{api}/submissions/{submission['id']}/correction/",
        json={"digit": 8},
        headers={"X-CSRFToken": token(visitor)},
    )
    assert corrected.json()["correction"]["digit"] == 8
    # Approve in the admin.
    assert site.manage(
        "createsuperuser", "--no-input", "--username=rosa", "--email=rosa@example.org",
        DJANGO_SUPERUSER_PASSWORD="a long password",
    ).returncode == 0  # fmt: skip
    reviewer = site.log_in("rosa", "a long password")
    submissions = f"{site.url}/admin/recognizer/submission/"
    shown = re.findall('name="shown" value="(.*?)"', reviewer.get(submissions).text)
    reviewer.post(
        submissions,
        {
            "action": "approve",
            "shown": shown,
            "_selected_action": submission["id"],
            "label": "",
            "csrfmiddlewaretoken": token(reviewer),
        },
    )
    row = visitor.get(f"{api}/submissions/{submission['id']}/").json()
    assert (row["review"], row["label"]["digit"]) == ("approved", 8)
    # Retrain while another visitor uses the site.
    busy_visitor = BusyVisitor(site)
    busy_visitor.start()
    retrained = site.manage("retrain", "--epochs=1", "--json")
    ended = time.time()
    time.sleep(2.5)
    busy_visitor.stop.set()
    busy_visitor.join()
    outcome = json.loads(retrained.stdout)
    assert (retrained.returncode, outcome["decision"], outcome["version"]) == (0, "live", 2)
    # The running server uses the new version.
    assert busy_visitor.failures == []
    assert set(busy_visitor.first_seen) == {1, 2}
    assert busy_visitor.first_seen[2] < ended + 2
    again = requests.post(f"{api}/recognize/", files={"image": image}).json()
    assert again["model_version"] == 2
    assert requests.get(f"{api}/models/2/").json()["card"]["trained_on"]["corrections"] == 1
