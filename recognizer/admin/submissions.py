"""Admin pages to find and review submissions."""

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html

from recognizer.accounts import rights
from recognizer.admin.base import ObjectPageAdmin
from recognizer.admin.dataset_download import DatasetDownloadAdmin
from recognizer.admin.pagination import BoundedCountAdmin
from recognizer.admin.review_forms import OUTDATED, ReviewActionForm, ReviewForm
from recognizer.models import (
    Label,
    ModelVersion,
    OutdatedError,
    Review,
    Submission,
    SubmissionQuerySet,
    review_message,
)
from recognizer.review.presenters import to_percent
from recognizer.serving import model_registry, reevaluation
from recognizer.serving.model_registry import CorruptModelError, ModelFilesPrunedError
from recognizer.serving.stored_pixels import png_data_url, repredict


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


def shown_revisions(request: HttpRequest) -> dict[str, str]:
    """Return {id: revision} of the rows of the list from which the request was sent."""
    return dict(text.split("=", 1) for text in request.POST.getlist("shown") if "=" in text)


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
    return Label(prediction.label).label, f"{to_percent(prediction.confidence)}%", verdict


@admin.register(Submission)
class SubmissionAdmin(DatasetDownloadAdmin, ObjectPageAdmin, BoundedCountAdmin):
    """Find and review submissions. Nobody can add any here."""

    form = ReviewForm
    action_form = ReviewActionForm
    actions = ("approve", "reject")
    list_display = (
        "thumbnail",
        "predicted_digit",
        "confidence_percent",
        "correction",
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
        ("review", "label", "shown"),
        ("reviewed_by", "reviewed_at", "learned_in"),
        ("id", "owner", "source", "created"),
    )
    readonly_fields = tuple(
        name for row in fields for name in row if name not in ("review", "label", "shown")
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
        except OutdatedError:
            # The submission changed after the form was validated and before it was saved.
            self.message_user(request, OUTDATED, messages.ERROR)
            return redirect(request.path)

    def save_model(self, request: HttpRequest, obj: Submission, form: Any, change: bool) -> None:
        if not form.changes_review:
            return  # Storing the same review again would change its reviewer and its time.
        if obj.review == Review.APPROVED and obj.label is not None:
            obj.approve(request.user, Label(obj.label))
        elif obj.review == Review.REJECTED:
            obj.reject(request.user)
        else:
            obj.reopen()

    def construct_change_message(
        self, request: HttpRequest, form: Any, formsets: Any, add: bool = False
    ) -> Any:
        """Return the same text for the audit trail as the review pages, or "No fields changed."."""
        submission = form.instance
        return review_message(submission.review, submission.label) if form.changes_review else []

    @admin.action(description="Approve: use for training", permissions=["change"])
    def approve(self, request: HttpRequest, queryset: SubmissionQuerySet) -> None:
        labels = self._labels(request, queryset)
        results = [self._decide(request, row, label) for row, label in labels.items()]
        self.message_user(request, f"{sum(results)} approved.")
        self._warn_outdated(request, len(results) - sum(results))

    def _labels(
        self, request: HttpRequest, queryset: SubmissionQuerySet
    ) -> dict[Submission, Label]:
        """Return the labels to approve: the chosen one, or the corrections that the page showed."""
        if chosen := request.POST.get("label"):
            return dict.fromkeys(queryset, Label(int(chosen)))
        shown, rows = shown_revisions(request), list(queryset)
        corrections = {row: row.corrected_digit for row in rows if str(row.pk) in shown}
        labels = {row: Label(digit) for row, digit in corrections.items() if digit is not None}
        if count := len(corrections) - len(labels):
            text = f"{count} unchanged: no correction. Choose a label in “Approve as”."
            self.message_user(request, text, messages.WARNING)
        if count := len(rows) - len(corrections):
            text = f"{count} unchanged: the page did not show their corrections."
            self.message_user(request, text, messages.WARNING)
        return labels

    @admin.action(description="Reject: do not use for training", permissions=["change"])
    def reject(self, request: HttpRequest, queryset: SubmissionQuerySet) -> None:
        results = [self._decide(request, row, None) for row in queryset]
        self.message_user(request, f"{sum(results)} rejected.")
        self._warn_outdated(request, len(results) - sum(results))

    def _decide(self, request: HttpRequest, submission: Submission, label: Label | None) -> bool:
        """Approve the submission as `label`, or reject it if `label` is None.

        Return False if the review or the correction has changed since the page showed it.
        """
        # With “Select all”, the queryset also contains rows that the page did not show.
        current = submission.revision
        if shown_revisions(request).get(str(submission.pk), current) != current:
            return False
        try:
            with transaction.atomic():  # Store no review without its audit entry.
                if label is None:
                    submission.reject(request.user)
                else:
                    submission.approve(request.user, label)
                message = review_message(submission.review, submission.label)
                self.log_change(request, submission, message)
        except OutdatedError:
            return False
        return True

    def _warn_outdated(self, request: HttpRequest, count: int) -> None:
        if count:
            text = f"{count} unchanged: corrected, reviewed or deleted in the meantime."
            self.message_user(request, text, messages.WARNING)

    @admin.display(description="model input")
    def thumbnail(self, submission: Submission) -> str:
        return format_html(
            '<img src="{}" width="56" height="56" alt="model input">',
            png_data_url(submission.pixels),
        )

    @admin.display(description="corrected digit")
    def correction(self, submission: Submission) -> str:
        # The actions compare this revision with the stored one. See `shown_revisions`.
        return format_html(
            '{}<input type="hidden" name="shown" value="{}={}">',
            submission.get_corrected_digit_display() or "–",
            submission.pk,
            submission.revision,
        )

    @admin.display(description="drawing")
    def stored_image(self, submission: Submission) -> str:
        return format_html(
            '<img src="{}" height="280" alt="stored image">',
            reverse("submission-image", args=[submission.pk]),
        )

    @admin.display(description="confidence")
    def confidence_percent(self, submission: Submission) -> str:
        return f"{to_percent(submission.confidence)}%"

    @admin.display(description="digit probabilities")
    def digit_probabilities(self, submission: Submission) -> str:
        return ", ".join(f"{d}: {p:.1%}" for d, p in enumerate(submission.probabilities))
