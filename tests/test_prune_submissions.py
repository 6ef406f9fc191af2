"""manage.py prune_submissions: old drawings go, but none that somebody has reviewed."""

import json
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.core.management import CommandError, call_command
from django.utils import timezone
from kit import drawing

from recognizer.models import Answer, Submission


@pytest.fixture
def old(visitor, reviewer):
    """Three old drawings, pending, approved and rejected; and a new one."""
    pending, approved, rejected = (visitor.submitted(drawing(3, seed)) for seed in range(3))
    approved.approve(reviewer, Answer.THREE)
    rejected.reject(reviewer)
    Submission.objects.update(created=timezone.now() - timedelta(days=31))
    visitor.submitted(drawing(7))
    return pending


def prune(*options):
    call_command("prune_submissions", "--older-than=30", "--by=rosa", "--no-input", *options)


def test_it_works(old, capsys):
    prune("--json")
    assert json.loads(capsys.readouterr().out) == {"deleted": 1}
    assert Submission.objects.count() == 3
    assert not Submission.objects.filter(pk=old.pk).exists()
    assert LogEntry.objects.get().change_message == (
        "Deleted 1 drawings, never reviewed in 30 days."
    )


def test_a_second_time_there_is_nothing(old, capsys):
    prune()
    prune("--json")
    assert '{"deleted": 0}' in capsys.readouterr().out
    assert LogEntry.objects.count() == 1


def test_it_asks(old, monkeypatch):
    monkeypatch.setattr("builtins.input", lambda _: "n")
    with pytest.raises(CommandError, match="Not confirmed"):
        call_command("prune_submissions", "--older-than=30", "--by=rosa")
    assert Submission.objects.count() == 4


@pytest.mark.parametrize("option", ["--older-than=0", "--older-than=x", "--by=nobody"])
def test_wrong_options(old, option):
    with pytest.raises(CommandError):
        prune(option)
    assert Submission.objects.count() == 4
