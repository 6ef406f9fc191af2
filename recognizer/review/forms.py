"""The forms behind the review pages."""

from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from recognizer.models import Label

ACTIONS: Final = ("approve", "reject", "skip", "undo")


class DecisionForm(forms.Form):
    """A reviewer's action on one submission: a decision, a skip or an undo.

    `corrected_at` is the time of the correction that the page showed, if it showed one. For the
    undo of a decision, `decided_at` is the time of that decision.
    """

    id = forms.UUIDField()
    corrected_at = forms.DateTimeField(required=False)
    decided_at = forms.DateTimeField(required=False)
    action = forms.ChoiceField(choices=[(action, action) for action in ACTIONS])
    label = forms.TypedChoiceField(
        choices=Label.choices,
        coerce=lambda text: Label(int(text)),
        required=False,
        empty_value=None,
    )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("action") == "approve" and cleaned.get("label") is None:
            self.add_error("label", _("Choose a label."))
        return cleaned


class DoubtfulLabelForm(forms.Form):
    """A reviewer's decision about a doubtful label: the right label, or None to reject the drawing.

    `seen_at` is the time of the review that the page showed.
    """

    id = forms.UUIDField()
    seen_at = forms.DateTimeField(required=False)
    decision = forms.TypedChoiceField(
        choices=[("reject", "reject"), *Label.choices],
        coerce=lambda text: None if text == "reject" else Label(int(text)),
    )


class SubmissionIdsField(forms.Field):
    """A set of submission ids."""

    widget = forms.MultipleHiddenInput
    empty_values = [*forms.Field.empty_values, set()]

    def to_python(self, value: Any) -> set[UUID]:
        try:
            return {UUID(text) for text in value or ()}
        except ValueError as error:
            raise ValidationError(_("The submission ids are not valid.")) from error


class ShownSubmissionsField(forms.Field):
    """The ids of the submissions that a page showed, and the times of their corrections.

    Each value is `ID=TIME`, or `ID=` without a correction.
    """

    widget = forms.MultipleHiddenInput
    empty_values = [*forms.Field.empty_values, {}]

    def to_python(self, value: Any) -> dict[UUID, datetime | None]:
        pairs = (text.partition("=") for text in value or ())
        try:
            return {UUID(pk): _to_time(at) if at else None for pk, __, at in pairs}
        except (ValueError, OverflowError) as error:
            raise ValidationError(_("The submission ids are not valid.")) from error


def _to_time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


class BulkReviewForm(forms.Form):
    """The submissions shown, those excluded from approval, and the action for the excluded ones."""

    shown = ShownSubmissionsField()
    excluded = SubmissionIdsField(required=False)
    excluded_action = forms.ChoiceField(choices=[("flag", "flag"), ("reject", "reject")])


def error_summary(form: forms.Form) -> str:
    """Return all errors of the form in one line, without the names of the fields."""
    return " ".join(str(error) for errors in form.errors.values() for error in errors)
