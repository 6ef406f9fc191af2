"""The forms of the admin that review submissions."""

from typing import Any, Final

from django import forms
from django.contrib.admin.helpers import ActionForm

from recognizer.models import Label, Review, Submission

OUTDATED: Final = (
    "The review or the correction of this submission has changed since you opened the page, so "
    "your change was not saved. Reload the page to see the current state."
)


class ReviewActionForm(ActionForm):
    """The form next to the list's actions, with the label for the action `approve`."""

    label = forms.ChoiceField(
        choices=[("", "the corrected digit"), *Label.choices], required=False, label="Approve as"
    )


class ReviewForm(forms.ModelForm):
    """The form for the review of one submission: pending, rejected, or approved with a label."""

    # The revision of the submission that the page showed. If the stored one differs, the review or
    # the correction has changed since then. The form must not overwrite a newer review, or approve
    # a newer correction.
    shown = forms.CharField(required=False, widget=forms.HiddenInput, label="")

    class Meta:
        model = Submission
        fields = ("review", "label")
        help_texts = {"label": "Used only with “approved”. Leave empty to use the corrected digit."}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["shown"] = self.instance.revision

    @property
    def changes_review(self) -> bool:
        """Return whether the valid form contains another review or label than the page showed."""
        return any(self.cleaned_data[name] != self.initial[name] for name in ("review", "label"))

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("shown") != self.instance.revision:
            self.add_error(None, OUTDATED)
        if cleaned.get("review") != Review.APPROVED:
            cleaned["label"] = None
        elif cleaned.get("label") is None:
            cleaned["label"] = self.instance.corrected_digit
            if cleaned["label"] is None:
                self.add_error("label", "Choose a label: there is no corrected digit.")
        return cleaned
