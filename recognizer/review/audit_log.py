"""Entries in the admin's history for decisions made on the review pages."""

from collections.abc import Iterable
from typing import Any

from django.contrib.admin.models import CHANGE, LogEntry

from recognizer.models import Label, Submission


def record_approvals(reviewer: Any, submissions: Iterable[Submission], label: Label) -> None:
    _record(reviewer, submissions, f"Approved as {label.label}.")


def record_rejections(reviewer: Any, submissions: Iterable[Submission]) -> None:
    _record(reviewer, submissions, "Rejected.")


def record_undo(reviewer: Any, submissions: Iterable[Submission]) -> None:
    _record(reviewer, submissions, "Review undone.")


def _record(reviewer: Any, submissions: Iterable[Submission], message: str) -> None:
    LogEntry.objects.log_actions(reviewer.pk, submissions, CHANGE, message)
