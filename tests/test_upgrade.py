"""A database of an earlier release migrates forward, with its data."""

import json

import pytest
from databases import on_postgresql
from site_under_test import ROOT, Site

AN_EARLIER_DATABASE = """
import hashlib, json, uuid
from datetime import datetime, timezone
from django.contrib.auth.models import User
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from ml.runtime import BASE
loader = MigrationExecutor(connection).loader
earlier = loader.project_state(("recognizer", "0001_initial")).apps
ModelVersion, ModelFiles, Submission = (
    earlier.get_model("recognizer", name) for name in ("ModelVersion", "ModelFiles", "Submission")
)
rosa = User.objects.create_superuser("rosa", password="a long password")
model = (BASE / "model.tflite").read_bytes()
version = ModelVersion.objects.create(
    number=1, state="live", reason="The base.", card=json.loads((BASE / "card.json").read_text()),
    sha256=hashlib.sha256(model).hexdigest(),
)
ModelFiles.objects.create(version=version, model=model, weights=b"weights")
now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
for i, (review, said) in enumerate([("pending", None), ("pending", 1), ("approved", 7)]):
    Submission.objects.create(
        id=uuid.UUID(int=i), created=now, owner=uuid.UUID(int=99), source="canvas",
        image=b"png %d" % i, image_sha256=bytes([i]) * 32, pixels=bytes([i]) * 784,
        strokes=[[[i, 1]]], predicted_digit=7, confidence=0.75, probabilities=[0.1] * 10,
        model_version=version, corrected_digit=said, corrected_at=now if said else None,
        review=review, label=7 if review == "approved" else None,
        reviewed_by_id=rosa.pk if review == "approved" else None,
        reviewed_at=now if review == "approved" else None,
    )
"""
WHAT_THERE_IS_NOW = """
import json
from django.contrib.auth.models import Group
from recognizer import registry
from recognizer.models import Submission
registry.load(registry.live_version())
print(json.dumps([
    [
        row.pk.int, row.created.isoformat(), row.owner.int, row.source, bytes(row.image).decode(),
        bytes(row.pixels) == bytes([row.pk.int]) * 784, row.strokes, row.predicted_digit,
        row.corrected_digit, row.review, row.label, str(row.reviewed_by), row.proposed_digit,
        row.doubt, row.latest_digit, row.latest_version.number,
    ]
    for row in Submission.objects.order_by("id")
]))
print(*Group.objects.values_list("name", flat=True))
"""
MOMENT = "2026-01-02T03:04:05+00:00"


@pytest.fixture(params=["sqlite", "postgresql"])
def site(request, tmp_path):
    if request.param == "sqlite":
        yield Site(tmp_path, DATABASE_URL="")
    else:
        with on_postgresql() as address:
            yield Site(tmp_path, DATABASE_URL=address)


def manage(site, *arguments):
    done = site.manage(*arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_works(site):
    for app in ("auth", "contenttypes"):
        manage(site, "migrate", app)
    manage(site, "migrate", "recognizer", "0001")
    manage(site, "shell", "-v0", "-c", AN_EARLIER_DATABASE)
    manage(site, "migrate")
    manage(site, "migrate", "--check")
    found, groups = manage(site, "shell", "-v0", "-c", WHAT_THERE_IS_NOW).splitlines()
    assert json.loads(found) == [
        [i, MOMENT, 99, "canvas", f"png {i}", True, [[[i, 1]]], 7, *rest, 7, 1]
        for i, rest in enumerate(
            [
                (None, "pending", None, "None", 7, 0.25),
                (1, "pending", None, "None", 1, 2.25),
                (7, "approved", 7, "rosa", 7, 0.25),
            ]
        )
    ]
    assert groups == "Reviewers"
    assert "version 1: sound" in manage(site, "models", "verify")


def test_and_back(site):
    manage(site, "migrate")
    manage(site, "migrate", "recognizer", "0006")
    manage(site, "migrate")


def test_no_index_locks_a_table_that_grows():
    """From the seventh migration on: before, there was no site with much in it."""
    for path in sorted((ROOT / "recognizer" / "migrations").glob("0*.py")):
        if path.name >= "0007":
            text = path.read_text()
            assert "migrations.AddIndex(" not in text, path.name
            assert "AddIndexMeanwhile(" not in text or "atomic = False" in text, path.name


def test_a_database_that_lacks_a_migration_is_refused(tmp_path):
    site = Site(tmp_path, DATABASE_URL="")
    manage(site, "migrate", "recognizer", "0001")
    done = site.manage("models", "list")
    assert done.returncode == 1
    assert "Run: manage.py migrate" in done.stderr
