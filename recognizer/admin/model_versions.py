"""Admin pages to inspect and promote model versions."""

from collections.abc import Iterator
from typing import Any, Final

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern

from recognizer.admin.accuracy_chart import Chart, accuracy_chart
from recognizer.admin.base import ObjectPageAdmin
from recognizer.admin.thumbnails import thumbnail
from recognizer.models import Label, ModelVersion, Submission, TrainingRun
from recognizer.serving import model_registry, reevaluation
from recognizer.serving.model_registry import CorruptModelError
from recognizer.training.evaluation_table import evaluation_context, format_percent

TEMPLATE_FOLDER: Final = "admin/recognizer/modelversion"
OUTDATED_CONFIRMATION: Final = (
    "Nothing was promoted, because the versions have changed since you opened this page. Check the "
    "current state below."
)
THUMBNAIL_LIMIT: Final = 40  # in each of the two lists, fixed and broken submissions


def card_rows(card: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield rows of (name, value) for a table of the model card."""
    for section, content in card.items():
        entries = content if isinstance(content, dict) else {"": content}
        for name, value in entries.items():
            title = f"{section}: {name}" if name else section
            text = format_percent(value) if section == "scores" else _format_value(value)
            yield title.replace("_", " "), text


def _format_value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def newly_correct_context(
    before: reevaluation.Predictions, after: reevaluation.Predictions
) -> dict[str, Any]:
    """Return how many submissions only `after` predicts correctly, and the newest as thumbnails."""
    changed = reevaluation.newly_correct(before, after)
    thumbnails = [
        thumbnail(row, f"{after[row].label}, predicted as {before[row].label}")
        for row in changed[:THUMBNAIL_LIMIT]
    ]
    return {"total": len(changed), "thumbnails": thumbnails}


class ModelVersionChangeList(ChangeList):
    def chart(self) -> Chart | None:
        """Return the chart of the versions on this page. The list below it has the same figures."""
        return accuracy_chart(self.result_list)


@admin.register(ModelVersion)
class ModelVersionAdmin(ObjectPageAdmin):
    """Inspect and promote versions. Nobody can add, edit or delete them here."""

    list_display = (
        "number",
        "state",
        "reason",
        "mnist_test",
        "held_out",
        "drawing_count",
        "created",
    )
    list_filter = ("state",)
    list_per_page = 50
    fields = ("number", "state", "reason", "predecessor", "created", "sha256")
    readonly_fields = fields

    class Media:
        css = {"all": ("recognizer/admin.css",)}

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return ModelVersionChangeList

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # There is no edit form. `can_promote` checks the permission to promote.
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def can_promote(self, request: HttpRequest) -> bool:
        return super().has_change_permission(request)

    def can_view_submissions(self, request: HttpRequest) -> bool:
        return self.admin_site.get_model_admin(Submission).has_view_permission(request)

    @admin.display(description="MNIST test")
    def mnist_test(self, version: ModelVersion) -> str:
        return format_percent(version.score("mnist_test"))

    @admin.display(description="held-out drawings")
    def held_out(self, version: ModelVersion) -> str:
        return format_percent(version.score("held_out_corrections"))

    @admin.display(description="drawings trained on")
    def drawing_count(self, version: ModelVersion) -> int:
        return version.drawing_count

    def get_urls(self) -> list[URLPattern]:
        return [
            self.object_url("drawings/<int:label>/<int:predicted>/", self.drawings, "drawings"),
            self.object_url("promote/", self.promote, "promote"),
            *super().get_urls(),
        ]

    def object_context(self, request: HttpRequest, obj: ModelVersion) -> dict[str, Any]:
        run = TrainingRun.objects.filter(version=obj).first()
        return {
            "run": run,
            **(evaluation_context(run) if run else {}),
            "card": card_rows(obj.card),
            "live": model_registry.live_version(),
            "can_promote": self.can_promote(request),
            **self._evaluation(request, obj),
        }

    def _evaluation(self, request: HttpRequest, version: ModelVersion) -> dict[str, Any]:
        """Return the context for the confusion matrix and the prediction changes.

        If the version cannot be loaded, the context only has the reason. It is empty if the user
        may not view submissions.
        """
        try:
            recognizer = model_registry.load(version)
        except CorruptModelError as error:
            return {"unusable": str(error)}
        if not self.can_view_submissions(request):
            return {}
        submissions = reevaluation.newest_approved()
        predictions = reevaluation.predict_all(recognizer, submissions)
        confusion = reevaluation.confusion_matrix(predictions)
        return {
            "confusion": confusion,
            "submission_count": len(submissions),
            "correct_count": sum(row.correct_count for row in confusion),
            "submission_limit": reevaluation.SUBMISSION_LIMIT,
            **self._changes_since_predecessor(version, predictions),
        }

    def _changes_since_predecessor(
        self, version: ModelVersion, predictions: reevaluation.Predictions
    ) -> dict[str, Any]:
        if version.predecessor is None:
            return {}
        try:
            predecessor = model_registry.load(version.predecessor)
        except CorruptModelError as error:
            return {"predecessor_unusable": str(error)}
        before = reevaluation.predict_all(predecessor, list(predictions))
        return {
            "fixed": newly_correct_context(before, predictions),
            "broken": newly_correct_context(predictions, before),
        }

    def drawings(self, request: HttpRequest, pk: int, label: int, predicted: int) -> HttpResponse:
        """Show the submissions that one cell of the confusion matrix counts."""
        if not (self.has_view_permission(request) and self.can_view_submissions(request)):
            raise PermissionDenied
        version = get_object_or_404(ModelVersion, pk=pk)
        if label not in Label or predicted not in Label:
            raise Http404
        try:
            recognizer = model_registry.load(version)
        except CorruptModelError:
            # The page of the version shows the error.
            return redirect("admin:recognizer_modelversion_change", pk)
        submissions = [row for row in reevaluation.newest_approved() if row.label == label]
        predictions = reevaluation.predict_all(recognizer, submissions)
        caption = f"{Label(label).label}, predicted as {Label(predicted).label}"
        matching = [row for row in submissions if predictions[row] == predicted]
        context = {
            "title": f"{caption} by {version}",
            "thumbnails": [thumbnail(row, caption) for row in matching],
            "submission_limit": reevaluation.SUBMISSION_LIMIT,
        }
        return self._render(request, "drawings.html", version, context)

    def promote(self, request: HttpRequest, pk: int) -> HttpResponse:
        """On GET, ask for confirmation. On POST, promote the version, or reject a candidate."""
        if not self.can_promote(request):
            raise PermissionDenied
        version, live = get_object_or_404(ModelVersion, pk=pk), model_registry.live_version()
        if version == live:
            self.message_user(request, f"{version} is already live.")
        elif request.method != "POST":
            return self._confirm(request, version, live)
        elif "reject" in request.POST:
            self._reject(request, version)
        elif not self._promote_if_unchanged(request, version):
            self.message_user(request, OUTDATED_CONFIRMATION, messages.WARNING)
            return redirect(request.path)
        return redirect("admin:recognizer_modelversion_change", pk)

    def _confirm(
        self, request: HttpRequest, version: ModelVersion, live: ModelVersion
    ) -> HttpResponse:
        scores = [(row, self.mnist_test(row), self.held_out(row)) for row in (live, version)]
        context = {
            "title": f"Promote {version}?",
            "live": live,
            "scores": scores,
            "outdated": model_registry.outdated_reason(version),
        }
        try:
            model_registry.load(version)
        except CorruptModelError as error:
            context["unusable"] = str(error)
        return self._render(request, "promote.html", version, context)

    def _reject(self, request: HttpRequest, version: ModelVersion) -> None:
        with transaction.atomic():
            is_rejected = version.reject()
            if is_rejected:
                self.log_change(request, version, "Rejected.")
        text = f"{version} is rejected." if is_rejected else f"{version} is not a candidate."
        self.message_user(request, text, messages.SUCCESS if is_rejected else messages.ERROR)

    def _promote_if_unchanged(self, request: HttpRequest, version: ModelVersion) -> bool:
        """Return False and do nothing if the confirmation page is out of date."""
        with transaction.atomic():
            model_registry.lock_versions()
            version.refresh_from_db()
            live = model_registry.live_version()
            shown = (request.POST.get("live"), request.POST.get("state"))
            if shown != (str(live.number), version.state):
                return False
            self._promote(request, version)
        return True

    def _promote(self, request: HttpRequest, version: ModelVersion) -> None:
        try:
            # Use `force`: the confirmation page has already shown why a version was rejected.
            replaced = model_registry.promote(version, by=request.user, force=True)
        except CorruptModelError as error:
            text = f"{version} was not promoted: {error}."
            self.message_user(request, text, messages.ERROR)
        else:
            text = f"{version} replaces {replaced}. All web processes use it within two seconds."
            self.message_user(request, text, messages.SUCCESS)

    def _render(
        self, request: HttpRequest, template: str, version: ModelVersion, context: dict[str, Any]
    ) -> HttpResponse:
        """Render a page about one version in the layout of the admin."""
        admin_context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": version,
        }
        return TemplateResponse(
            request, f"{TEMPLATE_FOLDER}/{template}", {**admin_context, **context}
        )
