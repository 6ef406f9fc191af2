"""A drawing goes all the way round: drawn, read, corrected, approved, learned, read anew."""

import json
import threading
import time

import pytest
import requests
from kit import drawing
from site_under_test import Site, token


@pytest.fixture(scope="module")
def site(tmp_path_factory, small_mnist_file):
    path, digest = small_mnist_file
    folder = tmp_path_factory.mktemp("site")
    with Site(folder, MNIST_PATH=str(path), MNIST_SHA256=digest) as running:
        yield running


class Watcher(threading.Thread):
    """A visitor who never stops asking, and notes what answered when."""

    def __init__(self, site):
        super().__init__()
        self.site, self.stop, self.failures = site, threading.Event(), []
        self.seen = {}  # version: when it first answered

    def run(self):
        while not self.stop.is_set():
            answer = requests.post(
                f"{self.site.url}/api/v1/recognize/", files={"image": drawing()}, timeout=20
            )
            if answer.status_code == 200:
                self.seen.setdefault(answer.json()["model_version"], time.time())
            else:
                self.failures.append(answer.text)
            time.sleep(0.05)


def test_the_whole_round(site):
    # draw -> predict
    visitor, api = requests.Session(), f"{site.url}/api/v1"
    image = drawing(3, seed=5)
    submission = visitor.post(f"{api}/submissions/", files={"image": image}).json()
    assert submission["model_version"] == 1
    # correct
    corrected = visitor.post(f"{api}/submissions/{submission['id']}/correction/", json={"digit": 8})
    assert corrected.json()["correction"]["digit"] == 8
    # approve in the admin
    assert site.manage(
        "createsuperuser", "--no-input", "--username=rosa", "--email=rosa@example.org",
        DJANGO_SUPERUSER_PASSWORD="a long password",
    ).returncode == 0  # fmt: skip
    desk = site.log_in("rosa", "a long password")
    desk.post(
        f"{site.url}/admin/recognizer/submission/",
        {
            "action": "approve",
            "_selected_action": submission["id"],
            "label": "",
            "csrfmiddlewaretoken": token(desk),
        },
    )
    row = visitor.get(f"{api}/submissions/{submission['id']}/").json()
    assert (row["review"], row["label"]["digit"]) == ("approved", 8)
    # retrain, while somebody else goes on drawing
    watcher = Watcher(site)
    watcher.start()
    retrained = site.manage("retrain", "--epochs=1", "--json")
    ended = time.time()
    time.sleep(2.5)
    watcher.stop.set()
    watcher.join()
    outcome = json.loads(retrained.stdout)
    assert (retrained.returncode, outcome["decision"], outcome["version"]) == (0, "live", 2)
    # the running server follows
    assert watcher.failures == []
    assert set(watcher.seen) == {1, 2}
    assert watcher.seen[2] < ended + 2
    # the same drawing, read by the new version
    again = requests.post(f"{api}/recognize/", files={"image": image}).json()
    assert again["model_version"] == 2
    assert requests.get(f"{api}/models/2/").json()["card"]["trained_on"]["corrections"] == 1


def test_the_pages_of_the_real_server(site):
    page = requests.get(site.url)
    assert page.status_code == 200
    assert "draw." in page.text  # hashed, so its name is longer than draw.css
    for path in ("/api/v1/docs/", "/api/v1/schema/", "/admin/login/"):
        assert requests.get(site.url + path).status_code == 200


def test_too_large_a_body_over_real_http(site):
    answer = requests.post(
        f"{site.url}/api/v1/submissions/", files={"image": bytes(10_100_000)}, timeout=20
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
