"""Write the audit trail, Django's admin log. The admin shows it, but nobody can edit it there.

Store a change and its audit entry in one transaction. Otherwise, a process that is killed between
the two leaves a change without an entry.
"""

from collections.abc import Iterable
from typing import Any, Final

from django.contrib.admin.models import DELETION, LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model

# Every entry needs a user. All visitors share the first account, whether they are logged in or not,
# so that the audit trail does not identify them. Commands without a user share the second one. The
# accounts are inactive and have no password. Nobody else can get their names, because no form
# accepts a user name with a space.
VISITOR_USERNAME: Final = "a visitor"
COMMAND_USERNAME: Final = "a command"


def record(by: Any, row: Model, action: int, message: str) -> None:
    """Record that the user `by` changed `row`. `action` is ADDITION, CHANGE or DELETION.

    `by` can also be a string: the name of a command, or of the operating system's user who ran it.
    """
    record_each(by, [row], action, message)


def record_each(by: Any, rows: Iterable[Model], action: int, message: str) -> None:
    """Record that `by` changed each of the rows, with one entry per row. See `record`."""
    user, message = _user_and_message(by, message)
    LogEntry.objects.log_actions(user.pk, rows, action, message)


def record_for_model(by: Any, model: type[Model], action: int, message: str) -> None:
    """Record that `by` changed rows of `model`, with one entry for all of them. See `record`."""
    user, message = _user_and_message(by, message)
    LogEntry.objects.create(
        user_id=user.pk,
        content_type=ContentType.objects.get_for_model(model),
        object_repr=str(model._meta.verbose_name_plural),
        action_flag=action,
        change_message=message,
    )


def record_visitor_deletion(model: type[Model], message: str) -> None:
    """Record that a visitor deleted rows of `model`, without saying which visitor."""
    record_for_model(_shared_account(VISITOR_USERNAME), model, DELETION, message)


def _user_and_message(by: Any, message: str) -> tuple[Any, str]:
    if isinstance(by, str):
        return _shared_account(COMMAND_USERNAME), f"{message} By {by}."
    return by, message


def _shared_account(username: str) -> Any:
    disabled = {"is_active": False, "password": make_password(None)}
    account, _ = get_user_model().objects.get_or_create(username=username, defaults=disabled)
    return account
