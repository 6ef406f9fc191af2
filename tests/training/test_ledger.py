"""The training ledger tells what each version was trained on, and nothing else is believed."""

import uuid

import numpy as np
import pytest
from django.core.management import call_command

from recognizer.models import (
    DeletedEntryCount,
    Label,
    LedgerEntry,
    ModelVersion,
    Status,
    Submission,
    pseudonym,
)
from recognizer.serving import model_registry
from recognizer.training import ledger
from recognizer.training.retraining import Options, retrain
from recognizer.training.training_data import select, training_set_sha256
from tests.support.factories import Visitor, approved_submissions, create_version, drawing_png

pytestmark = [pytest.mark.database, pytest.mark.usefixtures("fast_training")]


def train(**options):
    return retrain(
        Options(epochs=1, **options),
        on_progress=lambda progress: None,
        on_message=lambda message: None,
    )


def fresh(row):
    return Submission.objects.get(pk=row.pk)


@pytest.fixture
def three(visitor, reviewer):
    """Return an approved submission of a three. A version has learned it."""
    row = visitor.submit_and_get(drawing_png(3), digit=3)
    row.approve(reviewer, Label.THREE)
    assert train().decision == "live"
    return row


def test_records_each_drawing_with_its_label_and_pseudonym(three):
    entry = LedgerEntry.objects.get()
    assert (entry.version.number, entry.submission, entry.label) == (2, three, Label.THREE)
    assert entry.owner == pseudonym(three.owner) != three.owner
    assert (fresh(three).status, fresh(three).learned_in) == (Status.LEARNED, 2)


def test_training_set_can_be_rebuilt_and_the_card_proves_it(three):
    version = model_registry.live_version()
    assert list(ledger.training_set(version)) == [(three.pk, Label.THREE, False)]
    sha256 = training_set_sha256(ledger.training_set(version))
    assert sha256 == version.card["trained_on"]["corrections_sha256"]
    assert ledger.check(version) == "the training ledger is complete"
    LedgerEntry.objects.update(label=Label.FOUR)
    assert ledger.check(version) == "the training ledger does not match the card"
    LedgerEntry.objects.all().delete()
    assert ledger.check(version) == "the training ledger holds 0 of its 1 drawings; 0 were deleted"


def test_relabelled_drawing_is_new_until_it_is_learned_again(three, reviewer, visitor):
    three.approve(reviewer, Label.SEVEN)
    assert select(include_pending=False).counts["new"] == 1
    assert (fresh(three).status, fresh(three).learned_in) == (Status.APPROVED, None)
    page = visitor.get("/mine/").content.decode()
    assert "Approved as a 7." in page
    assert "Learned" not in page
    assert train(if_new=1).decision == "live"
    assert (fresh(three).status, fresh(three).learned_in) == (Status.LEARNED, 3)
    three.approve(reviewer, Label.THREE)
    assert select(include_pending=False).counts["new"] == 1, "version 3 learned a seven"


def test_dry_run_and_rejected_version_teach_nothing(visitor, reviewer):
    row = visitor.submit_and_get(drawing_png(3), digit=3)
    row.approve(reviewer, Label.THREE)
    train(dry_run=True)
    assert not LedgerEntry.objects.exists()
    assert train(from_scratch=True).decision == "rejected"
    assert LedgerEntry.objects.get().version.number == 2
    assert fresh(row).status == Status.APPROVED
    assert select(include_pending=False).counts["new"] == 1


def test_forced_promotion_of_a_rejected_version_teaches_its_drawings(visitor, reviewer):
    row = visitor.submit_and_get(drawing_png(3), digit=3)
    row.approve(reviewer, Label.THREE)
    train(from_scratch=True)
    model_registry.promote(ModelVersion.objects.get(number=2), by="a test", force=True)
    assert fresh(row).status == Status.LEARNED


def test_deletion_removes_the_entries_and_leaves_a_count(three):
    version = model_registry.live_version()
    assert Visitor().get("/").status_code == 200
    three.delete()
    assert not LedgerEntry.objects.exists()
    count = DeletedEntryCount.objects.get()
    assert (count.version, count.owner, count.count) == (version, pseudonym(three.owner), 1)
    assert ledger.check(version) == "1 of its 1 training drawings were deleted"


def test_deletion_of_many_adds_up(db):
    version = create_version(model_registry.live_version())
    owner = uuid.uuid4()
    rows = approved_submissions(owner, np.zeros((5, 28, 28), np.uint8), [1] * 5)
    ledger.record(version, list(Submission.objects.labelled(include_pending=False)))
    rows[0].delete()
    Submission.objects.owned_by(owner).delete()
    assert DeletedEntryCount.objects.get().count == 5


def test_drawing_deleted_during_the_training_is_counted(visitor, reviewer):
    row = visitor.submit_and_get(drawing_png(3), digit=3)
    row.approve(reviewer, Label.THREE)
    row.pk, pk = None, row.pk

    def delete(message):
        if message.startswith("Comparing"):
            Submission.objects.get(pk=pk).delete()

    retrain(Options(epochs=1), on_progress=lambda progress: None, on_message=delete)
    version = model_registry.live_version()
    assert version.number == 2
    assert ledger.check(version) == "1 of its 1 training drawings were deleted"


def test_log_in_moves_the_entries_to_the_account(three, visitor, reviewer):
    visitor.force_login(reviewer)
    visitor.get("/mine/")
    moved = fresh(three)
    assert moved.owner != three.owner
    assert LedgerEntry.objects.get().owner == pseudonym(moved.owner)


def test_log_in_during_the_training_moves_the_entries_to_the_account(visitor, reviewer):
    row = visitor.submit_and_get(drawing_png(3), digit=3)
    row.approve(reviewer, Label.THREE)

    def log_in(message):
        if message.startswith("Comparing"):
            visitor.force_login(reviewer)
            visitor.get("/mine/")

    retrain(Options(epochs=1), on_progress=lambda progress: None, on_message=log_in)
    assert fresh(row).owner != row.owner
    assert LedgerEntry.objects.get().owner == pseudonym(fresh(row).owner)


def test_confirmed_label_is_learned_again(three, reviewer):
    fresh(three).confirm_label(reviewer)
    assert select(include_pending=False).counts["new"] == 1
    assert train(if_new=1).decision == "live"
    assert select(include_pending=False).counts["new"] == 0
    version = model_registry.live_version()
    assert list(ledger.training_set(version)) == [(three.pk, Label.THREE, True)]
    assert ledger.check(version) == "the training ledger is complete"


def test_new_correction_is_not_reported_as_learned(visitor):
    row = visitor.submit_and_get(drawing_png(3), digit=3)
    train(include_pending=True)
    assert fresh(row).learned_in == 2
    assert visitor.correct(row.pk, 7).json()["learned_in"] is None
    assert visitor.get(f"/api/v1/submissions/{row.pk}/").json()["learned_in"] is None


def test_manager_cannot_delete():
    assert not hasattr(Submission.objects, "delete")


def test_verify_checks_weights_and_ledger(three, capsys):
    call_command("models", "verify")
    assert "version 2: valid; the training ledger is complete" in capsys.readouterr().out
