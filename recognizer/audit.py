"""The audit trail: who did what to which row. Staff read it in the admin, nobody edits it there."""

from typing import Any, Final

from django.contrib.admin.models import DELETION, LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model

# An account for what visitors do, the same for all of them, logged in or not: each line must have
# one. Nobody can log in to it, and no form takes a name with a blank.
A_VISITOR: Final = "a visitor"


def note(by: Any, row: Model, what: int, sentence: str) -> None:
    """One more line; `what` is ADDITION, CHANGE or DELETION."""
    LogEntry.objects.log_actions(by.pk, [row], what, sentence, single_object=True)


def note_all(by: Any, model: type[Model], what: int, sentence: str) -> None:
    """One more line, about no single row."""
    LogEntry.objects.create(
        user_id=by.pk,
        content_type=ContentType.objects.get_for_model(model),
        object_repr=str(model._meta.verbose_name_plural),
        action_flag=what,
        change_message=sentence,
    )


def note_of_visitor(model: type[Model], sentence: str) -> None:
    """One more line about something deleted, by nobody knows whom."""
    users = get_user_model().objects
    shut = {"is_active": False, "password": make_password(None)}
    visitor, _ = users.get_or_create(username=A_VISITOR, defaults=shut)
    note_all(visitor, model, DELETION, sentence)
