"""`kill -9` at any moment loses nothing that was answered. No change is without its audit entry.

`make test-kills` kills 100 processes on each database, with the real trainer. Without the
environment variable `KILLS`, the test kills each operation once on SQLite, and half of them on
PostgreSQL, with the fast trainer.
"""

import os
import random
import re
import threading
from collections import Counter
from itertools import count
from uuid import UUID

import numpy as np
import pytest
import requests

from recognizer.datasets import Row
from recognizer.datasets.formats import FORMATS
from tests.support.factories import drawing_png
from tests.support.killable_site import KillableSite
from tests.support.live_site import FAST_TRAINER, token
from tests.support.postgres import on_postgresql

KILLS = int(os.environ.get("KILLS", "0"))
IMPORT_SIZE, BULK_SIZE, POOL_SIZE = 2500, 50, 2500
FIRST_ROWS = """
import uuid
import numpy as np
from django.contrib.auth import get_user_model
from recognizer.models import ModelVersion, VersionState
from recognizer.serving.model_registry import live_version
from tests.support.factories import approved_submissions
get_user_model().objects.create_superuser("rosa", password="a long password")
ink = np.random.default_rng(0).integers(0, 256, (10, 28, 28), np.uint8)
approved_submissions(uuid.uuid4(), ink, np.arange(10))
base = live_version()
model, weights = bytes(base.files.model), bytes(base.files.weights)
for number in range(2, 10):
    # `models prune` keeps the files of versions that were live.
    state = VersionState.REJECTED if number % 2 else VersionState.RETIRED
    ModelVersion.objects.store(number=number, predecessor=base, state=state, card=base.card,
        model=model, weights=weights)
"""
# The confidence tells which drawings are for a bulk review, for pruning, or belong to the reviewer.
BULK, OLD, OWN = 0.75, 0.5, 0.25
MORE_ROWS = """
from datetime import timedelta
from django.utils import timezone
from tests.support.review_helpers import submissions
created = timezone.now() - timedelta(days={days})
submissions({size}, confidence={confidence}, corrected_digit=7, created=created)
"""
OWN_ROWS = """
import numpy as np
from django.contrib.auth import get_user_model
from recognizer.accounts.ownership import owner_for_user
from tests.support import review_helpers
review_helpers.rng = np.random.default_rng({seed})  # An owner's images are unique.
owner = owner_for_user(get_user_model().objects.get(username="rosa"))
review_helpers.submissions({size}, confidence={confidence}, owner=owner)
"""
RELABEL = "UPDATE recognizer_submission SET label = (label + 1) % 10 WHERE confidence = 1"
# The next run then marks the killed one as crashed.
LET_A_MINUTE_PASS = """
from datetime import timedelta
from django.db.models import F
from recognizer.models import TrainingRun
running = TrainingRun.objects.filter(state="running")
running.update(heartbeat_at=F("heartbeat_at") - timedelta(seconds=61))
"""

pytestmark = pytest.mark.slow


def number_in(messages):
    """Return the sum of the numbers in audit entries such as "Imported 1000 drawings."."""
    return sum(int(re.search(r"\d+", message)[0]) for _, _, message in messages)


class Operations:
    """Start an operation, kill it, and compare what is stored with answers and audit entries."""

    def __init__(self, site, rng):
        self.site, self.rng, self.seeds = site, rng, count()
        self.answered = set()  # ids of drawings
        site.start()
        self.session = site.log_in("rosa", "a long password")

    def submit(self):
        stop, statuses = threading.Event(), []
        clients = [
            threading.Thread(target=self._submit_until, args=(stop, statuses)) for _ in range(3)
        ]
        self._kill_server_during(clients, 1.0, stop)
        assert set(statuses) <= {201}
        rows = self.site.query("SELECT id FROM recognizer_submission")
        lost = self.answered - {UUID(str(pk)) for (pk,) in rows}
        assert not lost, f"{len(lost)} of {len(self.answered)} drawings are lost"

    def _submit_until(self, stop, statuses):
        while not stop.is_set():
            seed = next(self.seeds)
            drawing = {"image": drawing_png(seed % 10, seed)}
            try:
                url = f"{self.site.url}/api/v1/submissions/"
                response = requests.post(url, files=drawing, timeout=30)
            except requests.RequestException:
                return
            statuses.append(response.status_code)
            if response.status_code == 201:
                self.answered.add(UUID(response.json()["id"]))

    def _kill_server_during(self, clients, seconds, stop=None):
        if self.site.server is None:
            self.site.start()
            # The first prediction of a process takes longest.
            requests.post(f"{self.site.url}/api/v1/recognize/", files={"image": drawing_png()})
        for client in clients:
            client.start()
        clients[0].join(self.rng.uniform(0, seconds))
        self.site.kill_server()
        if stop:
            stop.set()
        for client in clients:
            client.join()

    def approve(self):
        ids = self._pool(BULK, BULK_SIZE)[:BULK_SIZE]
        after, statuses = self.site.newest_entry(), []
        client = threading.Thread(target=self._post_approval, args=(ids, statuses))
        self._kill_server_during([client], 0.3)
        reviewed = f"recognizer_submission WHERE review = 'approved' AND confidence = {BULK}"
        approved = [str(UUID(str(pk))) for (pk,) in self.site.query(f"SELECT id FROM {reviewed}")]
        entries = self.site.entries("Approved as 7", after)
        assert sorted(pk for _, pk, _ in entries) == sorted(approved)
        assert not statuses or (statuses, len(approved)) == ([302], len(ids))
        self.site.query(f"DELETE FROM {reviewed}")

    def _post_approval(self, ids, statuses):
        forms = {
            "/review/bulk/7/": {"shown": ids, "excluded_action": "flag"},
            "/admin/recognizer/submission/": {
                "action": "approve", "_selected_action": ids, "label": "7",
            },
        }  # fmt: skip
        path, body = self.rng.choice(list(forms.items()))
        body["csrfmiddlewaretoken"] = token(self.session)
        try:
            response = self.session.post(self.site.url + path, body, allow_redirects=False)
        except requests.RequestException:
            return
        statuses.append(response.status_code)

    def delete_all(self):
        rows = OWN_ROWS.format(seed=next(self.seeds), size=POOL_SIZE, confidence=OWN)
        self.site.run_script(rows)
        after, before, statuses = self.site.newest_entry(), len(self._ids(OWN)), []
        self._kill_server_during([threading.Thread(target=self._delete, args=(statuses,))], 1.0)
        left = len(self._ids(OWN))
        assert before - left == number_in(self.site.entries("Deleted by the visitor", after))
        assert not statuses or (statuses, left) == ([204], 0)

    def _delete(self, statuses):
        url, headers = f"{self.site.url}/api/v1/submissions/", {"X-CSRFToken": token(self.session)}
        try:
            statuses.append(self.session.delete(url, headers=headers).status_code)
        except requests.RequestException:
            return

    def import_drawings(self):
        after, folder = self.site.newest_entry(), self.site.folder / "import"
        command = ["import_dataset", "npz", str(folder), "--by=rosa"]
        self.site.kill_command(*command, prepare=lambda: write_noise(folder, next(self.seeds)))
        stored = self.site.value(
            "SELECT count(*) FROM recognizer_submission WHERE source = 'import'"
        )
        assert stored == number_in(self.site.entries("Imported", after))
        self.site.query("DELETE FROM recognizer_submission WHERE source = 'import'")

    def prune(self):
        after, before = self.site.newest_entry(), len(self._pool(OLD, POOL_SIZE))
        added = 0

        def prepare():
            nonlocal added
            missing = before + added - self._deleted(after)
            if missing < POOL_SIZE:
                self._add(OLD, POOL_SIZE)
                added += POOL_SIZE

        command = ["prune_submissions", "--older-than=30", "--by=rosa", "--yes"]
        self.site.kill_command(*command, prepare=prepare)
        left = len(self._ids(OLD))
        assert before + added - left == self._deleted(after)

    def _deleted(self, after):
        return number_in(self.site.entries("Deleted", after))

    def retrain(self):
        before = self.site.live()
        self.site.kill_command(
            "retrain", "--epochs=1", prepare=lambda: self._before_retraining(), statuses=(0, 3)
        )
        newest = self.site.value("SELECT max(number) FROM recognizer_modelversion")
        assert self.site.live()[1] in (before[1], newest)

    def _before_retraining(self):
        # With the labels of the last training, the command could skip the training.
        self.site.query(RELABEL)
        self.let_a_minute_pass()

    def let_a_minute_pass(self):
        running = "SELECT count(*) FROM recognizer_trainingrun WHERE state = 'running'"
        if self.site.value(running):
            self.site.run_script(LET_A_MINUTE_PASS)

    def promote_or_prune(self):
        command = self.rng.choice([self._promotion, lambda: ("prune", "--keep=3", "--yes")])
        self.site.kill_command("models", *command())

    def _promotion(self):
        numbers = self.site.query(
            "SELECT number FROM recognizer_modelversion version JOIN recognizer_modelfiles files "
            "ON files.version_id = version.id WHERE state != 'live' ORDER BY number"
        )
        return "promote", str(self.rng.choice(numbers)[0]), "--force", "--yes"

    def check_versions(self):
        """Check that each promotion and each deletion of files has its entry, and the reverse."""
        promotions = self.site.entries("Promoted")
        live = self.site.live()[0]
        assert not promotions or int(promotions[-1][1]) == live
        without_files = self.site.query(
            "SELECT version.id FROM recognizer_modelversion version "
            "LEFT JOIN recognizer_modelfiles files ON files.version_id = version.id "
            "WHERE files.version_id IS NULL"
        )
        pruned = {int(pk) for _, pk, _ in self.site.entries("Files deleted")}
        assert pruned == {pk for (pk,) in without_files}

    def _pool(self, confidence, size):
        """Return the ids of at least `size` pending drawings with this confidence."""
        if len(self._ids(confidence)) < size:
            self._add(confidence, POOL_SIZE)
        return self._ids(confidence)

    def _add(self, confidence, size):
        days = 40 if confidence == OLD else 0
        self.site.run_script(MORE_ROWS.format(size=size, confidence=confidence, days=days))

    def _ids(self, confidence):
        rows = self.site.query(
            "SELECT id FROM recognizer_submission "
            f"WHERE review = 'pending' AND confidence = {confidence}"
        )
        return [str(UUID(str(pk))) for (pk,) in rows]


def write_noise(folder, seed):
    """Write a dataset of random images."""
    folder.mkdir(exist_ok=True)
    noise = np.random.default_rng(seed).integers(0, 256, (IMPORT_SIZE, 784), np.uint8)
    with FORMATS["npz"].Writer(folder) as writer:
        for index, pixels in enumerate(noise):
            writer.write(Row(pixels.tobytes(), index % 10))


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request):
    if request.param == "sqlite":
        yield ""
    else:
        with on_postgresql() as url:
            yield url


@pytest.fixture
def operations(tmp_path, small_mnist_file, database_url):
    path, digest = small_mnist_file
    rng = random.Random(KILLS)
    environment = {
        "DATABASE_URL": database_url,
        "CACHE_URL": "",
        "RATE_LIMITS": "off",
        "MNIST_PATH": str(path),
        "MNIST_SHA256": digest,
    }
    trainer = {} if KILLS else FAST_TRAINER
    site = KillableSite(tmp_path / "data", rng, **environment, **trainer)
    site.folder.mkdir()
    site.prepare()
    site.run_script(FIRST_ROWS)
    operations = Operations(site, rng)
    yield operations
    if site.server is not None:
        site.kill_server()


def test_killed_processes_lose_nothing_and_leave_no_change_without_an_entry(operations):
    site, kills = operations.site, Counter()
    steps = (
        operations.submit,
        operations.approve,
        operations.import_drawings,
        operations.prune,
        operations.retrain,
        operations.promote_or_prune,
        operations.delete_all,
    )
    if site.environment["DATABASE_URL"] and not KILLS:
        steps = steps[::2]
    for number in range(KILLS or len(steps)):
        step = steps[number % len(steps)]
        step()
        operations.check_versions()
        kills[step.__name__] += 1
        print(f"{kills.total()}: {step.__name__}, {len(operations.answered)} drawings", flush=True)
    operations.let_a_minute_pass()
    site.query(RELABEL)
    assert site.manage("retrain", "--epochs=1").returncode in (0, 3)
    verified = site.manage("models", "verify")
    assert verified.returncode == 0, verified.stdout
    if not site.environment["DATABASE_URL"]:
        assert site.value("PRAGMA integrity_check") == "ok"
    print(f"{kills.total()} kills: {dict(kills)}; 0 of {len(operations.answered)} drawings lost")
