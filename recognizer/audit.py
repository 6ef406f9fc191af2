"""Write the audit trail, Django's admin log. The admin shows it, but nobody can edit it there."""

from collections.abc import Iterable
from typing import Any, Final

from django.contrib.admin.models import DELETION, LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model

# Every entry needs a user. All visitors share this account, whether they are logged in or not, so
# that the audit trail does not identify them. The account is inactive and has no password. Nobody
# else can get its name, because no form accepts a user name with a space.
VISITOR_USERNAME: Final = "a visitor"


def record(by: Any, row: Model, action: int, message: str) -> None:
    """Record that the user `by` changed `row`. `action` is ADDITION, CHANGE or DELETION."""
    LogEntry.objects.log_actions(by.pk, [row], action, message, single_object=True)


def record_each(by: Any, rows: Iterable[Model], action: int, message: str) -> None:
    """Record that the user `by` changed each of the rows, with one entry per row."""
    LogEntry.objects.log_actions(by.pk, rows, action, message)


def record_for_model(by: Any, model: type[Model], action: int, message: str) -> None:
    """Record that the user `by` changed several rows of `model`, with one entry for all of them."""
    LogEntry.objects.create(
        user_id=by.pk,
        content_type=ContentType.objects.get_for_model(model),
        object_repr=str(model._meta.verbose_name_plural),
        action_flag=action,
        change_message=message,
    )


def record_visitor_deletion(model: type[Model], message: str) -> None:
    """Record that a visitor deleted rows of `model`, without saying which visitor."""
    users = get_user_model().objects
    disabled = {"is_active": False, "password": make_password(None)}
    visitor, _ = users.get_or_create(username=VISITOR_USERNAME, defaults=disabled)
    record_for_model(visitor, model, DELETION, message)
