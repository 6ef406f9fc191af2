"""`manage.py retrain`: learn, judge, and only then put live. Real TensorFlow, small settings."""

import json

import pytest
from django.core.management import call_command
from kit import Visitor, drawing

from recognizer import registry
from recognizer.models import Answer, ModelVersion, State, Submission

pytestmark = pytest.mark.usefixtures("small_mnist")


def retrain(capsys, *options):
    """Run the command with --json: exit status and the object it printed."""
    try:
        call_command("retrain", "--json", "--epochs=1", *options)
        status = 0
    except SystemExit as error:
        status = error.code
    return status, json.loads(capsys.readouterr().out)


@pytest.fixture
def approved(visitor, reviewer):
    """A visitor's three corrections, approved."""
    rows = [visitor.submitted(drawing(digit, seed=9), digit=digit) for digit in (1, 4, 8)]
    for row in rows:
        row.approve(reviewer, Answer(row.corrected_digit))
    return rows


def test_it_works(approved, capsys):
    status, outcome = retrain(capsys)
    assert (status, outcome["decision"], outcome["version"]) == (0, "live", 2)
    assert outcome["counts"]["learned"] == outcome["counts"]["new"] == 3
    assert set(outcome["scores_before"]) == set(outcome["scores_after"])
    assert 0 <= outcome["scores_after"]["mnist_test"] <= 1
    assert outcome["scores_after"]["held_out_corrections"] is None
    assert outcome["seconds"] > 0
    version = registry.live_version()
    assert (version.number, version.parent.number) == (2, 1)
    assert version.card["trained_on"]["corrections"] == 3
    assert set(version.learned.all()) == set(approved)
    assert ModelVersion.objects.get(number=1).state == State.RETIRED


def test_the_next_one_finds_nothing_new_until_a_label_changes(approved, capsys, reviewer):
    retrain(capsys)
    status, outcome = retrain(capsys)
    assert (status, outcome["decision"], outcome["version"]) == (0, "nothing new", None)
    assert "learned all approved labels" in outcome["reason"]
    approved[0].approve(reviewer, Answer.SEVEN)
    assert retrain(capsys)[1]["version"] == 3


def test_without_corrections_there_is_nothing_new(visitor, capsys):
    visitor.submitted(digit=1)  # nobody has approved it
    assert retrain(capsys)[1]["decision"] == "nothing new"
    assert ModelVersion.objects.count() == 1


def test_if_new_waits_for_enough(approved, capsys, visitor, reviewer):
    visitor.submitted(drawing(5), digit=5)  # nobody has approved it
    visitor.submitted(drawing(6), digit=6).reject(reviewer)
    status, outcome = retrain(capsys, "--if-new=4", "--from-scratch")
    assert (status, outcome["decision"], outcome["version"]) == (0, "nothing new", None)
    assert outcome["reason"] == "New corrections to learn: 3; wanted: 4."
    assert outcome["counts"]["learned"] == outcome["counts"]["new"] == 3
    assert retrain(capsys, "--if-new=3")[1]["decision"] == "live"
    # What a live version has learned is not new any more.
    outcome = retrain(capsys, "--if-new=1")[1]
    assert outcome["reason"] == "New corrections to learn: 0; wanted: 1."


def test_if_new_does_not_try_again_what_was_refused(approved, capsys, reviewer):
    retrain(capsys, "--from-scratch")
    outcome = retrain(capsys, "--if-new=1")[1]
    assert outcome["decision"] == "nothing new"
    assert outcome["reason"].startswith("version 2, trained on the same corrections, was refused")
    approved[0].approve(reviewer, Answer.SEVEN)
    assert retrain(capsys, "--if-new=1")[1]["version"] == 3


def test_if_new_does_not_count_what_is_only_judged_with(reviewer, capsys, db):
    for seed in range(60):
        Visitor().submitted(drawing(2, seed), digit=2).approve(reviewer, Answer.TWO)
    outcome = retrain(capsys, "--if-new=60")[1]
    assert outcome["decision"] == "nothing new"
    assert outcome["counts"]["new"] + outcome["counts"]["held_out"] == 60


def test_if_new_for_people(db, capsys):
    call_command("retrain", "--if-new=1")
    assert "Decision: nothing new. New corrections to learn: 0; wanted: 1." in (
        capsys.readouterr().out
    )


def test_pending_ones_only_when_asked_for(visitor, capsys):
    visitor.submitted(digit=1)
    visitor.submitted(drawing(3))  # nobody says what it is
    outcome = retrain(capsys, "--include-pending")[1]
    assert outcome["counts"]["learned"] == 1
    assert registry.live_version().card["trained_on"]["include_pending"] is True


def test_rejected_ones_never(visitor, reviewer, capsys):
    visitor.submitted(digit=1).reject(reviewer)
    assert retrain(capsys, "--include-pending")[1]["decision"] == "nothing new"


def test_a_worse_one_is_kept_as_refused_and_the_old_one_stays_live(approved, capsys):
    # One epoch of a few steps from random weights cannot read anything.
    status, outcome = retrain(capsys, "--from-scratch")
    assert (status, outcome["decision"], outcome["version"]) == (3, "refused", 2)
    assert "lost" in outcome["reason"]
    refused = ModelVersion.objects.get(number=2)
    assert (refused.state, refused.reason) == (State.REFUSED, outcome["reason"])
    assert registry.live_version().number == 1
    assert not Submission.objects.filter(learned_in__isnull=False).exists()


def test_a_dry_run_stores_nothing(approved, capsys):
    status, outcome = retrain(capsys, "--dry-run")
    assert (status, outcome["decision"], outcome["version"]) == (0, "would be live", None)
    assert ModelVersion.objects.count() == 1
    assert not Submission.objects.filter(learned_in__isnull=False).exists()


def test_the_same_seed_gives_the_same_weights(approved, capsys):
    retrain(capsys, "--from-scratch", "--seed=5")
    retrain(capsys, "--from-scratch", "--seed=5")
    retrain(capsys, "--from-scratch", "--seed=6")
    first, second, third = ModelVersion.objects.filter(number__gt=1).order_by("number")
    assert bytes(first.files.weights) == bytes(second.files.weights) != bytes(third.files.weights)
    assert first.card["scores"] == second.card["scores"]


def test_one_owner_in_five_is_only_judged_with(reviewer, capsys, db):
    for seed in range(30):
        row = Visitor().submitted(drawing(2, seed), digit=2)
        row.approve(reviewer, Answer.TWO)
    outcome = retrain(capsys)[1]
    held_out = outcome["counts"]["held_out"]
    assert 0 < held_out < 15
    assert outcome["counts"]["learned"] == 30 - held_out
    assert outcome["scores_after"]["held_out_corrections"] is not None
    assert Submission.objects.filter(learned_in__isnull=True).count() == held_out


def test_for_people_it_tells_progress_and_scores(approved, capsys):
    call_command("retrain", "--epochs=1")
    captured = capsys.readouterr()
    assert "Training on MNIST and 3 corrections (3 new)" in captured.err
    assert "epoch 1 of 1" in captured.err
    assert "Version 2: live." in captured.out
    assert "mnist test" in captured.out
