"""`retrain --confirm`: an accepted version waits until a person promotes it."""

import pytest
from django.contrib.admin.models import LogEntry
from django.core.management import CommandError, call_command

from recognizer.models import Label, ModelVersion, Status, Submission, TrainingRun, VersionState
from recognizer.serving import model_registry
from recognizer.training import retraining
from tests.support import fast_trainer
from tests.support.factories import (
    Visitor,
    drawing_png,
    model_with_swapped_labels,
    promotion_form,
)

pytestmark = [pytest.mark.database, pytest.mark.usefixtures("fast_training")]


@pytest.fixture
def approved(visitor, reviewer):
    """Return an approved submission of a three."""
    row = visitor.submit_and_get(drawing_png(3), digit=3)
    row.approve(reviewer, Label.THREE)
    return row


@pytest.fixture
def candidate(approved):
    """Return an accepted version that waits."""
    call_command("retrain", "--epochs=1", "--confirm")
    return ModelVersion.objects.get(number=2)


def run_page(client):
    run = TrainingRun.objects.latest("pk")
    return client.get(f"/admin/recognizer/trainingrun/{run.pk}/change/").content.decode()


def test_waits_until_it_is_promoted(candidate, capsys):
    assert candidate.state == VersionState.CANDIDATE
    assert model_registry.live_version().number == 1
    assert Submission.objects.get().status == Status.APPROVED
    call_command("models", "promote", "2", "--no-input")
    assert model_registry.live_version().number == 2
    assert Submission.objects.get().status == Status.LEARNED


def test_command_says_how_to_promote_it(candidate, capsys):
    call_command("retrain", "--epochs=1", "--confirm")
    assert "To promote it: manage.py models promote 3" in capsys.readouterr().out


def test_page_of_the_run_leads_to_the_promotion(candidate, reviewer_client):
    promote = f"/admin/recognizer/modelversion/{candidate.pk}/promote/"
    assert promote in run_page(reviewer_client)
    reviewer_client.post(promote, promotion_form(candidate))
    assert model_registry.live_version() == candidate
    assert promote not in run_page(reviewer_client)


def test_option_of_the_start_page(approved, reviewer_client):
    reviewer_client.post("/admin/recognizer/trainingrun/add/", {"seed": 1, "confirm": "on"})
    assert TrainingRun.objects.get().options["confirm"] is True


def test_if_new_does_not_train_the_same_while_it_waits(candidate, capsys):
    capsys.readouterr()
    call_command("retrain", "--if-new=1", "--confirm")
    printed = capsys.readouterr().out
    assert "version 2 was trained on the same drawings. Its state is candidate" in printed
    assert ModelVersion.objects.count() == 2


def test_prune_keeps_the_files_of_a_waiting_version(candidate):
    call_command("retrain", "--epochs=1", "--seed=2")
    assert model_registry.live_version().number == 3
    call_command("models", "prune", "--keep=1", "--no-input")
    assert candidate.has_files


def test_person_can_reject_it(candidate, reviewer_client):
    promote = f"/admin/recognizer/modelversion/{candidate.pk}/promote/"
    assert 'value="Reject version 2"' in reviewer_client.get(promote).content.decode()
    page = reviewer_client.post(promote, {"reject": "Reject version 2"}, follow=True)
    assert "version 2 is rejected." in page.content.decode().lower()
    candidate.refresh_from_db()
    assert candidate.state == VersionState.REJECTED
    assert candidate.reason.endswith("Rejected by a person.")
    entry = LogEntry.objects.latest("pk")
    assert (entry.user.username, entry.change_message) == ("rosa", "Rejected.")
    assert "rosa" not in Visitor().get("/api/v1/models/2/").content.decode()
    page = reviewer_client.post(promote, {"reject": "Reject version 2"}, follow=True)
    assert "is not a candidate" in page.content.decode()
    assert model_registry.live_version().number == 1


def test_outdated_candidate_is_only_promoted_by_force(candidate, reviewer_client):
    call_command("retrain", "--epochs=1", "--seed=2")
    with pytest.raises(CommandError, match="version 2 was compared with version 1, which is not"):
        call_command("models", "promote", "2", "--no-input")
    promote = f"/admin/recognizer/modelversion/{candidate.pk}/promote/"
    assert "Start another training run instead" in reviewer_client.get(promote).content.decode()
    call_command("models", "promote", "2", "--no-input", "--force")
    assert model_registry.live_version() == candidate


def test_rehearsal_shows_changed_predictions(approved, visitor, reviewer_client, monkeypatch):
    """The candidate confuses threes and fives. It is rejected, but the rehearsal shows why."""
    visitor.submit_and_get(drawing_png(3, seed=5))
    visitor.submit_and_get(drawing_png(8))

    def train(*args, **options):
        result = fast_trainer.train(*args, **options)
        model = model_with_swapped_labels(3, 5, model_registry.live_version())
        return type(result)(**{**vars(result), "model": model})

    monkeypatch.setattr(retraining, "load_trainer", lambda: train)
    with pytest.raises(SystemExit):
        call_command("retrain", "--epochs=1")
    run = TrainingRun.objects.get()
    changed = {(each["before"], each["after"]) for each in run.rehearsal["changed"]}
    assert (run.rehearsal["drawing_count"], changed) == (3, {(3, 5)})
    html = run_page(reviewer_client)
    assert "predicts 2 of the newest 3 drawings differently" in html
    assert html.count('alt="3 → 5"') == 2
    Submission.objects.all().delete()
    assert "predicts 2 of the newest 3" in run_page(reviewer_client)
