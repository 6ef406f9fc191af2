"""`manage.py prune_submissions` deletes old pending drawings."""

import json
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.core.management import CommandError, call_command
from django.utils import timezone

from recognizer.models import Label, Submission
from tests.support.factories import drawing_png

pytestmark = pytest.mark.database


@pytest.fixture
def old_pending(visitor, reviewer):
    """Store three old drawings and a new one, and return the only one that is old and pending."""
    pending, approved, rejected = (
        visitor.submit_and_get(drawing_png(3, seed)) for seed in range(3)
    )
    approved.approve(reviewer, Label.THREE)
    rejected.reject(reviewer)
    Submission.objects.update(created=timezone.now() - timedelta(days=31))
    visitor.submit_and_get(drawing_png(7))
    return pending


def prune(*options):
    call_command("prune_submissions", "--older-than=30", "--by=rosa", "--no-input", *options)


def test_does_not_ask_if_there_is_nothing_to_delete(reviewer, capsys):
    call_command("prune_submissions", "--older-than=30", "--by=rosa")
    assert capsys.readouterr().out == "Deleted: 0.\n"


def test_accepts_more_days_than_there_are(old_pending, capsys):
    call_command("prune_submissions", "--older-than=9999999999", "--by=rosa", "--no-input")
    assert capsys.readouterr().out == "Deleted: 0.\n"


def test_deletes_only_old_pending_drawings(old_pending, capsys):
    prune("--json")
    assert json.loads(capsys.readouterr().out) == {"deleted": 1}
    assert Submission.objects.count() == 3
    assert not Submission.objects.filter(pk=old_pending.pk).exists()
    assert LogEntry.objects.get().change_message == (
        "Deleted 1 pending drawings that were older than 30 days."
    )


def test_second_run_deletes_nothing(old_pending, capsys):
    prune()
    prune("--json")
    assert '{"deleted": 0}' in capsys.readouterr().out
    assert LogEntry.objects.count() == 1


def test_asks_before_deleting(old_pending, monkeypatch):
    monkeypatch.setattr("builtins.input", lambda _: "n")
    with pytest.raises(CommandError, match="Not confirmed"):
        call_command("prune_submissions", "--older-than=30", "--by=rosa")
    assert Submission.objects.count() == 4


@pytest.mark.parametrize("option", ["--older-than=0", "--older-than=x", "--by=nobody"])
def test_rejects_invalid_options(old_pending, option):
    with pytest.raises(CommandError):
        prune(option)
    assert Submission.objects.count() == 4
