"""What the desk's pages send."""

from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from recognizer.models import Answer

VERBS = ("approve", "reject", "skip", "undo")


class DecisionForm(forms.Form):
    """One key: what a reviewer does with one submission."""

    id = forms.UUIDField()
    verb = forms.ChoiceField(choices=[(verb, verb) for verb in VERBS])
    label = forms.TypedChoiceField(
        choices=Answer.choices, coerce=int, required=False, empty_value=None
    )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("verb") == "approve" and cleaned.get("label") is None:
            self.add_error("label", _("Say what it is."))
        return cleaned


class IdsField(forms.Field):
    """The ids of several submissions."""

    widget = forms.MultipleHiddenInput
    empty_values = [*forms.Field.empty_values, set()]

    def to_python(self, value: Any) -> set[UUID]:
        try:
            return {UUID(text) for text in value or ()}
        except ValueError as error:
            raise ValidationError(_("These are no ids of submissions.")) from error


class SweepForm(forms.Form):
    """A grid: all that it showed, what was ticked in it, and what becomes of that."""

    shown = IdsField()
    odd = IdsField(required=False)
    ticked = forms.ChoiceField(choices=[("queue", "queue"), ("reject", "reject")])


def complaints(form: forms.Form) -> str:
    """All that is wrong with what was sent, in one line."""
    return " ".join(str(error) for errors in form.errors.values() for error in errors)
