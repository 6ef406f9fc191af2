"""Admin pages to find and review submissions."""

from typing import Any, Final
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html

from recognizer.accounts import rights
from recognizer.admin.base import ObjectPageAdmin
from recognizer.admin.pagination import BoundedCountAdmin
from recognizer.models import (
    AlreadyReviewedError,
    Label,
    ModelVersion,
    Review,
    Submission,
    SubmissionQuerySet,
)
from recognizer.serving import model_registry, reevaluation
from recognizer.serving.model_registry import CorruptModelError, ModelFilesPrunedError
from recognizer.serving.prediction import png_data_url, repredict

ALREADY_REVIEWED: Final = (
    "The review of this submission has changed since you opened the page, so your change was not "
    "saved. Reload the page to see the current review."
)


class DisagreementFilter(admin.SimpleListFilter):
    """Filter submissions by whether their correction differs from the prediction."""

    title = "disagreement"
    parameter_name = "disagreement"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "The visitor disagrees"), ("no", "The visitor agrees")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() == "yes":
            return queryset.disagreeing()
        if self.value() == "no":
            return queryset.agreeing()
        return queryset


class ReviewActionForm(ActionForm):
    """The form next to the list's actions, with the label for the action `approve`."""

    label = forms.TypedChoiceField(
        choices=[("", "the corrected digit"), *Label.choices],
        coerce=int,
        required=False,
        empty_value=None,
        label="Approve as",
    )


class ReviewForm(forms.ModelForm):
    """The form for the review of one submission: pending, rejected, or approved with a label."""

    # The time of the last review when the page was rendered. If the stored time differs, the review
    # has changed since then. The form must not overwrite the newer review.
    reviewed_at_shown = forms.CharField(required=False, widget=forms.HiddenInput, label="")

    class Meta:
        model = Submission
        fields = ("review", "label")
        help_texts = {"label": "Used only with “approved”. Leave empty to use the corrected digit."}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["reviewed_at_shown"] = str(self.instance.reviewed_at)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        # The value is empty if a client sends the form without having loaded the page.
        if cleaned.get("reviewed_at_shown") not in ("", self.initial["reviewed_at_shown"]):
            self.add_error(None, ALREADY_REVIEWED)
        if cleaned.get("review") != Review.APPROVED:
            cleaned["label"] = None
        elif cleaned.get("label") is None:
            cleaned["label"] = self.instance.corrected_digit
            if cleaned["label"] is None:
                self.add_error("label", "Choose a label: there is no corrected digit.")
        return cleaned


def predictions_by_version(submission: Submission) -> list[tuple[ModelVersion, str, str, str]]:
    """Return rows of (version, prediction, confidence, verdict), newest version first."""
    return [
        (version, *_predict_with(version, submission)) for version in reevaluation.newest_versions()
    ]


def _predict_with(version: ModelVersion, submission: Submission) -> tuple[str, str, str]:
    try:
        prediction = repredict(submission.pixels, model_registry.load(version))
    except ModelFilesPrunedError:
        return "files deleted", "–", "–"
    except CorruptModelError:
        return "corrupt", "–", "–"
    verdict = "correct" if prediction.label == submission.label else "wrong"
    if submission.label is None:
        verdict = "–"
    return Label(prediction.label).label, f"{prediction.confidence:.0%}", verdict


@admin.register(Submission)
class SubmissionAdmin(ObjectPageAdmin, BoundedCountAdmin):
    """Find and review submissions. Nobody can add any here."""

    form = ReviewForm
    action_form = ReviewActionForm
    actions = ("approve", "reject")
    list_display = (
        "thumbnail",
        "predicted_digit",
        "confidence_percent",
        "corrected_digit",
        "review",
        "label",
        "model_version",
        "source",
        "created",
    )
    list_display_links = ("thumbnail", "predicted_digit")
    list_filter = (
        "review",
        DisagreementFilter,
        "predicted_digit",
        "corrected_digit",
        "label",
        "source",
        "created",
        "model_version",
    )
    list_select_related = ("model_version",)
    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # Each facet would count all rows.
    sortable_by = ("created",)  # No other column of the list has an index to sort by.
    search_fields = ("id",)
    search_help_text = "The complete id of a submission"
    fields = (
        ("stored_image", "thumbnail"),
        ("predicted_digit", "confidence_percent", "digit_probabilities", "model_version"),
        ("corrected_digit", "corrected_at"),
        ("review", "label", "reviewed_at_shown"),
        ("reviewed_by", "reviewed_at", "learned_in"),
        ("id", "owner", "source", "created"),
    )
    readonly_fields = tuple(
        name
        for row in fields
        for name in row
        if name not in ("review", "label", "reviewed_at_shown")
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        # Do not load the large columns: a thumbnail only needs the model input.
        return super().get_queryset(request).defer("image", "strokes", "model_version__card")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        if not search_term:
            return queryset, False
        try:
            return queryset.filter(pk=UUID(search_term.strip())), False
        except ValueError:
            return queryset.none(), False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return rights.can_view_all(request.user)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return rights.can_review(request.user)

    def object_context(self, request: HttpRequest, obj: Submission) -> dict[str, Any]:
        return {
            "predictions_by_version": predictions_by_version(obj),
            "version_limit": reevaluation.VERSION_LIMIT,
        }

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except AlreadyReviewedError:
            # The review changed after the form was validated and before it was saved.
            self.message_user(request, ALREADY_REVIEWED, messages.ERROR)
            return redirect(request.path)

    def save_model(self, request: HttpRequest, obj: Submission, form: Any, change: bool) -> None:
        if obj.review == Review.APPROVED and obj.label is not None:
            obj.approve(request.user, Label(obj.label))
        elif obj.review == Review.REJECTED:
            obj.reject(request.user)
        else:
            obj.reopen()

    @admin.action(description="Approve: use for training", permissions=["change"])
    def approve(self, request: HttpRequest, queryset: SubmissionQuerySet) -> None:
        chosen = request.POST["label"]
        labels = {row: int(chosen) if chosen else row.corrected_digit for row in queryset}
        labelled = {row: Label(label) for row, label in labels.items() if label is not None}
        approved = sum(self._decide(request, row, label) for row, label in labelled.items())
        self.message_user(request, f"{approved} approved.")
        self._warn_already_reviewed(request, len(labelled) - approved)
        if unlabelled := len(labels) - len(labelled):
            text = f"{unlabelled} unchanged: no correction. Choose a label in “Approve as”."
            self.message_user(request, text, messages.WARNING)

    @admin.action(description="Reject: do not use for training", permissions=["change"])
    def reject(self, request: HttpRequest, queryset: SubmissionQuerySet) -> None:
        results = [self._decide(request, row, None) for row in queryset]
        self.message_user(request, f"{sum(results)} rejected.")
        self._warn_already_reviewed(request, len(results) - sum(results))

    def _decide(self, request: HttpRequest, submission: Submission, label: Label | None) -> bool:
        """Approve the submission as `label`, or reject it if `label` is None.

        Return False if the review has changed since the submission was loaded.
        """
        message = "Rejected." if label is None else f"Approved as {label.label}."
        try:
            with transaction.atomic():  # Store no review without its audit entry.
                if label is None:
                    submission.reject(request.user)
                else:
                    submission.approve(request.user, label)
                self.log_change(request, submission, message)
        except AlreadyReviewedError:
            return False
        return True

    def _warn_already_reviewed(self, request: HttpRequest, count: int) -> None:
        if count:
            text = f"{count} unchanged: reviewed by somebody else in the meantime."
            self.message_user(request, text, messages.WARNING)

    @admin.display(description="model input")
    def thumbnail(self, submission: Submission) -> str:
        return format_html(
            '<img src="{}" width="56" height="56" alt="model input">',
            png_data_url(submission.pixels),
        )

    @admin.display(description="drawing")
    def stored_image(self, submission: Submission) -> str:
        return format_html(
            '<img src="{}" height="280" alt="stored image">',
            reverse("submission-image", args=[submission.pk]),
        )

    @admin.display(description="confidence")
    def confidence_percent(self, submission: Submission) -> str:
        return f"{submission.confidence:.0%}"

    @admin.display(description="digit probabilities")
    def digit_probabilities(self, submission: Submission) -> str:
        return ", ".join(f"{d}: {p:.1%}" for d, p in enumerate(submission.probabilities))
