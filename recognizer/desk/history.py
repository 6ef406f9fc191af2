"""What was decided at the desk, in the admin's history like what was decided there."""

from collections.abc import Iterable
from typing import Any

from django.contrib.admin.models import CHANGE, LogEntry

from recognizer.models import Answer, Submission


def approved(reviewer: Any, rows: Iterable[Submission], label: Answer) -> None:
    _log(reviewer, rows, f"Approved as {label.label}.")


def rejected(reviewer: Any, rows: Iterable[Submission]) -> None:
    _log(reviewer, rows, "Rejected.")


def taken_back(reviewer: Any, rows: Iterable[Submission]) -> None:
    _log(reviewer, rows, "Review taken back.")


def _log(reviewer: Any, rows: Iterable[Submission], message: str) -> None:
    LogEntry.objects.log_actions(reviewer.pk, rows, CHANGE, message)
