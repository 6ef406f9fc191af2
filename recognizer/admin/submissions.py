"""Where submissions are reviewed."""

from typing import Any, Final
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html

from recognizer import readings, registry
from recognizer.admin.pages import NothingIsCounted
from recognizer.models import (
    AlreadyReviewedError,
    Answer,
    ModelVersion,
    Review,
    Submission,
    SubmissionQuerySet,
)
from recognizer.recognition import png_data_url, read_again
from recognizer.registry import DamagedModelError, FilesDeletedError

MEANWHILE: Final = "Somebody has reviewed this meanwhile. Reload the page to see what they decided."


class DisagreementFilter(admin.SimpleListFilter):
    title = "disagreement"
    parameter_name = "disagreement"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "the visitor says something else"), ("no", "the visitor agrees")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() == "yes":
            return queryset.disagreeing()
        if self.value() == "no":
            return queryset.agreeing()
        return queryset


class ReviewActionForm(ActionForm):
    """Beside the list's actions: what to approve the ticked drawings as."""

    label = forms.TypedChoiceField(
        choices=[("", "what the visitor said"), *Answer.choices],
        coerce=int,
        required=False,
        empty_value=None,
        label="Approve as",
    )


class ReviewForm(forms.ModelForm):
    """One submission: approve it with a label, reject it, or leave it for later."""

    # When it was reviewed last, as the page shows it: what is decided meanwhile is not overwritten.
    seen_review = forms.CharField(required=False, widget=forms.HiddenInput, label="")

    class Meta:
        model = Submission
        fields = ("review", "label")
        help_texts = {"label": "Only with “approved”; empty means what the visitor said."}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["seen_review"] = str(self.instance.reviewed_at)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("seen_review") not in ("", self.initial["seen_review"]):
            self.add_error(None, MEANWHILE)
        if cleaned.get("review") != Review.APPROVED:
            cleaned["label"] = None
        elif cleaned.get("label") is None:
            cleaned["label"] = self.instance.corrected_digit
            if cleaned["label"] is None:
                self.add_error("label", "The visitor did not say what it is: choose a label.")
        return cleaned


def time_machine(submission: Submission) -> list[tuple[ModelVersion, str, str, str]]:
    """How the newest versions read it now: version, answer, how sure, right or wrong."""
    return [(version, *_read_by(version, submission)) for version in readings.newest_versions()]


def _read_by(version: ModelVersion, submission: Submission) -> tuple[str, str, str]:
    try:
        reading = read_again(submission.pixels, registry.load(version))
    except FilesDeletedError:
        return "files deleted", "–", "–"
    except DamagedModelError:
        return "damaged", "–", "–"
    verdict = "right" if reading.answer == submission.label else "wrong"
    answer, sure = Answer(reading.answer).label, f"{reading.confidence:.0%}"
    return answer, sure, "–" if submission.label is None else verdict


@admin.register(Submission)
class SubmissionAdmin(NothingIsCounted):
    form = ReviewForm
    action_form = ReviewActionForm
    actions = ("approve", "reject")
    list_display = (
        "thumbnail",
        "predicted_digit",
        "percent_sure",
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
    show_facets = admin.ShowFacets.NEVER  # each would count all rows
    sortable_by = ("created",)  # as the index has them
    search_fields = ("id",)
    search_help_text = "The whole id of a submission"
    fields = (
        ("picture", "thumbnail"),
        ("predicted_digit", "percent_sure", "ten_probabilities", "model_version"),
        ("corrected_digit", "corrected_at"),
        ("review", "label", "seen_review"),
        ("reviewed_by", "reviewed_at", "learned_in"),
        ("id", "owner", "source", "created"),
    )
    # All but what the reviewer decides.
    readonly_fields = tuple(
        name for row in fields for name in row if name not in ("review", "label", "seen_review")
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        # The thumbnail is made from the 28×28 bytes, which every row brings along.
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

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Submission | None = None,
    ) -> HttpResponse:
        if obj is not None:
            context["time_machine"] = time_machine(obj)
            context["newest"] = readings.VERSIONS
        return super().render_change_form(request, context, add, change, form_url, obj)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except AlreadyReviewedError:  # in this very moment
            self.message_user(request, MEANWHILE, messages.ERROR)
            return redirect(request.path)

    def save_model(self, request: HttpRequest, obj: Submission, form: Any, change: bool) -> None:
        if obj.review == Review.APPROVED and obj.label is not None:
            obj.approve(request.user, Answer(obj.label))
        elif obj.review == Review.REJECTED:
            obj.reject(request.user)
        else:
            obj.reopen()

    @admin.action(description="Approve: from now on it is learned", permissions=["change"])
    def approve(self, request: HttpRequest, queryset: SubmissionQuerySet) -> None:
        given = request.POST["label"]
        done, unsaid, late = 0, 0, 0
        for submission in queryset:
            label = int(given) if given else submission.corrected_digit
            if label is None:
                unsaid += 1
                continue
            try:
                submission.approve(request.user, Answer(label))
            except AlreadyReviewedError:
                late += 1
                continue
            self.log_change(request, submission, f"Approved as {Answer(label).label}.")
            done += 1
        self.message_user(request, f"{done} approved.")
        self.say_late(request, late)
        if unsaid:
            self.message_user(
                request,
                f"{unsaid} left as they were: the visitor did not say what they are. "
                "Choose it in “Approve as”.",
                messages.WARNING,
            )

    @admin.action(description="Reject: never learned", permissions=["change"])
    def reject(self, request: HttpRequest, queryset: SubmissionQuerySet) -> None:
        done, late = 0, 0
        for submission in queryset:
            try:
                submission.reject(request.user)
            except AlreadyReviewedError:
                late += 1
                continue
            self.log_change(request, submission, "Rejected.")
            done += 1
        self.message_user(request, f"{done} rejected.")
        self.say_late(request, late)

    def say_late(self, request: HttpRequest, late: int) -> None:
        if late:
            text = f"{late} left as they were: somebody has reviewed them meanwhile."
            self.message_user(request, text, messages.WARNING)

    @admin.display(description="seen")
    def thumbnail(self, submission: Submission) -> str:
        return format_html(
            '<img src="{}" width="56" height="56" alt="what the network saw">',
            png_data_url(submission.pixels),
        )

    @admin.display(description="drawn")
    def picture(self, submission: Submission) -> str:
        return format_html(
            '<img src="{}" height="280" alt="the stored picture">',
            reverse("submission-image", args=[submission.pk]),
        )

    @admin.display(description="sure", ordering="confidence")
    def percent_sure(self, submission: Submission) -> str:
        return f"{submission.confidence:.0%}"

    @admin.display(description="of the ten digits")
    def ten_probabilities(self, submission: Submission) -> str:
        return ", ".join(f"{d}: {p:.1%}" for d, p in enumerate(submission.probabilities))
