"""A database of an earlier release migrates forward and backward with its data."""

import hashlib
import json
from contextlib import contextmanager

import pytest

from tests.support.live_site import ROOT, Site
from tests.support.postgres import on_postgresql

pytestmark = pytest.mark.slow

# The migrations after 0007 rename these: models, columns, keys and values in JSON, permissions.
RENAMED = {
    "SecondLook": "BlindReview",
    "secondlook": "blindreview",
    "Key": "ApiKey",
    "key": "apikey",
    "found_odd": "flagged",
    "latest_digit": "live_prediction",
    "latest_version_id": "live_prediction_version_id",
    "doubt": "review_priority",
    "proposed_digit": "suggested_label",
    "asked_by": "requested_by",
    "seen": "heartbeat_at",
    "refused": "rejected",
    "learned": "training",
    "copies": "duplicates",
    "over_share": "over_cap",
    "likely_mislabelled": "label_noise",
    "other_styles": "restyled",
    "no_digits": "negatives",
    "recognizer.add_key": "recognizer.add_apikey",
    "Can add key": "Can add API key",
    "recognizer.view_secondlook": "recognizer.view_blindreview",
    "Can view second look": "Can view blind review",
}
SHOW_SUBMISSIONS = """
from django.contrib.auth.models import Group
from recognizer.models import Submission
from recognizer.serving import model_registry
model_registry.load(model_registry.live_version())
print(json.dumps([
    [
        row.pk.int, row.created.isoformat(), row.owner.int, row.source, bytes(row.image).decode(),
        bytes(row.pixels) == bytes([row.pk.int]) * 784, row.strokes, row.predicted_digit,
        row.corrected_digit, row.review, row.label, str(row.reviewed_by), row.suggested_label,
        row.review_priority, row.live_prediction, row.live_prediction_version.number,
    ]
    for row in Submission.objects.order_by("id")
]))
print(*Group.objects.values_list("name", flat=True))
"""
SHOW_LEDGER = """
from recognizer.models import LedgerEntry, ModelVersion, TrainingRun
print(json.dumps([
    [entry.version.number, entry.submission_id.int, entry.label, entry.submission.learned_in]
    for entry in LedgerEntry.objects.all()
]))
print(json.dumps(list(
    ModelVersion.objects.order_by("pk").values_list("number", "predecessor", "weights_sha256")
)))
print(json.dumps(TrainingRun.objects.get().evaluation))
"""
SHOW_ROUNDS = """
from recognizer.models import Submission
print(*Submission.objects.oldest_first().values_list("review_round", flat=True))
"""
CREATED = "2026-01-02T03:04:05+00:00"


@pytest.fixture(params=["sqlite", "postgresql"], scope="module")
def database(request):
    return request.param


@contextmanager
def new_site(database, folder):
    if database == "sqlite":
        yield Site(folder, DATABASE_URL="")
    else:
        with on_postgresql() as url:
            yield Site(folder, DATABASE_URL=url)


@pytest.fixture
def site(database, tmp_path):
    with new_site(database, tmp_path) as site:
        yield site


def manage(site, *arguments):
    done = site.manage(*arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def run(site, *steps):
    """Run steps with earlier_releases.py on the database of the site. Return the printed lines."""
    program = "\n".join(["from tests.integration.earlier_releases import *", *steps])
    return manage(site, "shell", "-v0", "-c", program).splitlines()


@pytest.fixture(scope="module")
def printed(database, tmp_path_factory):
    """Migrate from 0007 to the newest release and back. Return {what: the printed line}."""
    names = ["at 0007", "at 0009", "entries", "versions", "evaluation", "back at 0006"]
    steps = [
        'migrate("recognizer", "0007")',
        "store_at_0007()",
        "print_json(rows_at_0007())",
        'migrate("recognizer", "0009")',
        "print_json(rows_at_0009())",
        "migrate()",
        SHOW_LEDGER,
        # 0007 only adds indexes, so the columns at 0006 are the same.
        'migrate("recognizer", "0006")',
        "print_json(rows_at_0007())",
        "migrate()",
    ]
    with new_site(database, tmp_path_factory.mktemp("upgrade")) as site:
        return dict(zip(names, map(json.loads, run(site, *steps)), strict=True))


def renamed(value):
    """Return the value with the names of the newest release."""
    if isinstance(value, dict):
        return {RENAMED.get(name, name): renamed(each) for name, each in value.items()}
    if isinstance(value, list):
        return [renamed(each) for each in value]
    return RENAMED.get(value, value) if isinstance(value, str) else value


def test_first_release_migrates_forward(site):
    rows, groups, *versions = run(
        site,
        'migrate("auth")',
        'migrate("contenttypes")',
        'migrate("recognizer", "0001")',
        "store_at_0001()",
        "migrate()",
        "migrate(check_unapplied=True)",
        SHOW_SUBMISSIONS,
        'call_command("models", "verify")',
    )
    assert json.loads(rows) == [
        [i, CREATED, 99, "canvas", f"png {i}", True, [[[i, 1]]], 7, *rest, 7, 1]
        for i, rest in enumerate(
            [
                (None, "pending", None, "None", 7, 0.25),
                (1, "pending", None, "None", 1, 2.25),
                (7, "approved", 7, "rosa", 7, 0.25),
            ]
        )
    ]
    assert groups == "Reviewers"
    assert "version 1: valid" in "\n".join(versions)


def test_renamed_columns_and_values_keep_their_data_in_both_directions(printed):
    before, after = printed["at 0007"], printed["at 0009"]
    assert after == renamed(before)
    priorities = [row["review_priority"] for row in after["Submission"]]
    assert priorities == [0.25, 0.25, 1.25, 2.25, 4.25, 7.25, 0.25]
    assert [row["state"] for row in after["ModelVersion"]] == ["live", "rejected"]
    assert after["TrainingRun"][0]["scores"]["negatives"] == [0.8, 0.7]
    assert after["permissions"] == ["recognizer.add_apikey", "recognizer.view_blindreview"]
    assert printed["back at 0006"] == before


def test_training_ledger_contains_what_versions_have_learned(printed):
    assert printed["entries"] == [[1, 6, 7, 1]]
    weights_sha256 = hashlib.sha256(b"weights").hexdigest()
    assert printed["versions"] == [[1, None, weights_sha256], [2, None, ""]]
    assert {"name": "negatives", "before": 0.8, "after": 0.7} in printed["evaluation"]


def test_pending_submissions_of_one_owner_are_divided_into_rounds(site):
    (rounds,) = run(
        site,
        'migrate("recognizer", "0013")',
        "store_at_0013(70)",
        "migrate()",
        SHOW_ROUNDS,
        'migrate("recognizer", "0013")',
    )
    assert rounds.split() == ["0"] * 30 + ["1"] * 30 + ["2"] * 10


def test_new_indexes_do_not_lock_large_tables():
    """Migrations before the seventh may lock them, because no site was large at that time."""
    for path in sorted((ROOT / "recognizer" / "migrations").glob("0*.py")):
        if path.name >= "0007":
            text = path.read_text()
            assert "migrations.AddIndex(" not in text, path.name
            assert "AddIndexConcurrently(" not in text or "atomic = False" in text, path.name


def test_commands_need_all_migrations(tmp_path):
    site = Site(tmp_path, DATABASE_URL="")
    manage(site, "migrate", "recognizer", "0001")
    done = site.manage("models", "list")
    assert done.returncode == 1
    assert "Run: manage.py migrate" in done.stderr
