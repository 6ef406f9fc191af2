"""The audit trail: who did what to which row. Staff read it in the admin, nobody edits it there."""

from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model


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
