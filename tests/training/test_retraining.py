"""`manage.py retrain`: train a candidate, compare it with the live version, and promote it."""

import json
import re

import pytest
from django.core.management import call_command

from recognizer.models import Label, ModelVersion, Submission, VersionState
from recognizer.serving import model_registry
from recognizer.training.retraining import Options
from recognizer.training.retraining import retrain as run_retraining
from tests.support.factories import Visitor, drawing_png

pytestmark = [pytest.mark.database, pytest.mark.usefixtures("fast_training")]


def retrain(capsys, *options):
    """Run the command with --json, and return its exit status and its output."""
    try:
        call_command("retrain", "--json", "--epochs=1", *options)
        status = 0
    except SystemExit as error:
        status = error.code
    return status, json.loads(capsys.readouterr().out)


@pytest.fixture
def approved(visitor, reviewer):
    """Return three approved submissions of a visitor. Each has a correction."""
    rows = [visitor.submit_and_get(drawing_png(digit, seed=9), digit=digit) for digit in (1, 4, 8)]
    for row in rows:
        row.approve(reviewer, Label(row.corrected_digit))
    return rows


def test_promotes_a_candidate_that_is_not_worse(approved, capsys):
    status, outcome = retrain(capsys)
    assert (status, outcome["decision"], outcome["version"]) == (0, "live", 2)
    assert outcome["counts"]["training"] == outcome["counts"]["new"] == 3
    results = {result["name"]: result for result in outcome["evaluation"]}
    assert 0 <= results["mnist_test"]["after"] <= 1
    assert results["held_out_corrections"]["after"] is None
    assert outcome["reason"].endswith(
        "evaluation images, none of them by visitors; accepted because no evaluation set shows a "
        "loss beyond its margin."
    )
    assert outcome["seconds"] > 0
    version = model_registry.live_version()
    assert (version.number, version.predecessor.number) == (2, 1)
    assert version.card["trained_on"]["corrections"] == 3
    assert version.card["cpu_count"] >= 1
    assert {entry.submission for entry in version.ledger_entries.all()} == set(approved)
    assert ModelVersion.objects.get(number=1).state == VersionState.RETIRED


def test_does_nothing_until_a_label_changes(approved, capsys, reviewer):
    retrain(capsys)
    status, outcome = retrain(capsys)
    assert (status, outcome["decision"], outcome["version"]) == (0, "nothing new", None)
    assert "already trained on the same drawings" in outcome["reason"]
    approved[0].approve(reviewer, Label.SEVEN)
    assert retrain(capsys)[1]["version"] == 3


def test_without_approved_drawings_says_what_to_do(visitor, capsys):
    visitor.submit_and_get(digit=1)
    status, outcome = retrain(capsys)
    assert (status, outcome["decision"]) == (0, "nothing new")
    assert outcome["reason"].startswith("Nothing approved yet. Approve drawings")
    assert ModelVersion.objects.count() == 1
    assert retrain(capsys, "--if-new=1")[1]["reason"] == outcome["reason"]


def test_without_approved_drawings_trains_from_scratch(db, capsys):
    assert retrain(capsys, "--from-scratch")[1]["decision"] == "rejected"


def test_if_new_requires_enough_new_corrections(approved, capsys, visitor, reviewer):
    # Neither a pending nor a rejected correction counts.
    visitor.submit_and_get(drawing_png(5), digit=5)
    visitor.submit_and_get(drawing_png(6), digit=6).reject(reviewer)
    status, outcome = retrain(capsys, "--if-new=4", "--from-scratch")
    assert (status, outcome["decision"], outcome["version"]) == (0, "nothing new", None)
    assert outcome["reason"] == "New drawings: 3; required: 4."
    assert outcome["counts"]["training"] == outcome["counts"]["new"] == 3
    assert retrain(capsys, "--if-new=3")[1]["decision"] == "live"
    # The live version was trained on the three corrections, so they are not new any more.
    outcome = retrain(capsys, "--if-new=1")[1]
    assert outcome["reason"] == "New drawings: 0; required: 1."


def test_if_new_skips_corrections_of_a_rejected_version(approved, capsys, reviewer):
    retrain(capsys, "--from-scratch")
    outcome = retrain(capsys, "--if-new=1")[1]
    assert outcome["decision"] == "nothing new"
    assert outcome["reason"].startswith(
        "version 2 was trained on the same drawings. Its state is rejected"
    )
    approved[0].approve(reviewer, Label.SEVEN)
    assert retrain(capsys, "--if-new=1")[1]["version"] == 3


def test_if_new_does_not_count_held_out_corrections(reviewer, capsys, db):
    for seed in range(60):
        Visitor().submit_and_get(drawing_png(2, seed), digit=2).approve(reviewer, Label.TWO)
    outcome = retrain(capsys, "--if-new=60")[1]
    assert outcome["decision"] == "nothing new"
    assert outcome["counts"]["new"] + outcome["counts"]["held_out"] == 60


def test_if_new_prints_the_reason(approved, capsys):
    call_command("retrain", "--if-new=4")
    assert "Decision: nothing new. New drawings: 3; required: 4." in capsys.readouterr().out


def test_trains_on_pending_corrections_with_include_pending(visitor, capsys):
    visitor.submit_and_get(digit=1)
    visitor.submit_and_get(drawing_png(3))
    outcome = retrain(capsys, "--include-pending")[1]
    assert outcome["counts"]["training"] == 1
    assert model_registry.live_version().card["trained_on"]["include_pending"] is True


def test_never_trains_on_rejected_submissions(visitor, reviewer, capsys):
    visitor.submit_and_get(digit=1).reject(reviewer)
    assert retrain(capsys, "--include-pending")[1]["decision"] == "nothing new"


def test_rejects_a_worse_candidate(approved, capsys):
    status, outcome = retrain(capsys, "--from-scratch")
    assert (status, outcome["decision"], outcome["version"]) == (3, "rejected", 2)
    assert re.match(r"\d+ fixed, [1-9]\d* broken of .*; rejected because of ", outcome["reason"])
    rejected = ModelVersion.objects.get(number=2)
    assert (rejected.state, rejected.reason) == (VersionState.REJECTED, outcome["reason"])
    assert model_registry.live_version().number == 1
    assert all(row.learned_in is None for row in Submission.objects.all())


def test_dry_run_stores_no_version(approved, capsys):
    status, outcome = retrain(capsys, "--dry-run")
    assert (status, outcome["decision"], outcome["version"]) == (0, "would be live", None)
    assert ModelVersion.objects.count() == 1
    assert all(row.learned_in is None for row in Submission.objects.all())


def test_holds_out_one_owner_in_five(reviewer, capsys, db):
    for seed in range(30):
        row = Visitor().submit_and_get(drawing_png(2, seed), digit=2)
        row.approve(reviewer, Label.TWO)
    outcome = retrain(capsys)[1]
    held_out = outcome["counts"]["held_out"]
    assert 0 < held_out < 15
    assert outcome["counts"]["training"] == 30 - held_out
    assert outcome["counts"]["held_out_owners"] == held_out
    learned = [row.learned_in for row in Submission.objects.all()]
    assert learned.count(None) == held_out


def test_prints_progress_and_scores(approved, capsys):
    call_command("retrain", "--epochs=1")
    captured = capsys.readouterr()
    assert "Training on MNIST and 3 drawings (3 new)" in captured.err
    assert "epoch 1 of 1" in captured.err
    assert "Version 2: live." in captured.out
    assert "MNIST test images" in captured.out


def test_remaining_time_includes_the_evaluation(approved):
    reports = []
    run_retraining(Options(epochs=1), on_progress=reports.append, on_message=lambda text: None)
    steps = [report for report in reports if report.loss is not None]
    evaluation = reports[len(steps) :]
    assert steps[-1].share == 1
    assert steps[-1].seconds_left > 0
    assert {report.share for report in evaluation} == {1.0}
    assert evaluation[0].seconds_left > evaluation[-1].seconds_left == 0
