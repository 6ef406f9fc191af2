"""Admin pages to start, watch and cancel training runs."""

from dataclasses import asdict
from datetime import timedelta
from typing import Any, Final

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.views.decorators.http import require_POST

from recognizer.admin.base import ObjectPageAdmin
from recognizer.admin.thumbnails import thumbnail
from recognizer.models import Label, RunState, Submission, TrainingRun
from recognizer.serving import model_registry
from recognizer.training.evaluation_table import evaluation_context
from recognizer.training.retraining import Options
from recognizer.training.run_lifecycle import format_duration
from recognizer.training.training_data import COUNT_LIMIT, selection_for_page

# A worker polls every second, and a new one needs a few seconds to start. After this many seconds
# of waiting, there is probably no worker.
WORKER_START_SECONDS: Final = 20
THUMBNAIL_LIMIT: Final = 100  # changed predictions of the rehearsal


class TrainingRunForm(forms.ModelForm):
    """The form to start a training run, with options of `manage.py retrain`."""

    from_scratch = forms.TypedChoiceField(
        label="Start from",
        choices=[
            ("", "The live version"),
            ("yes", "From scratch (slower; ignores the live version)"),
        ],
        coerce=bool,
        required=False,
        widget=forms.RadioSelect,
    )
    epochs = forms.IntegerField(
        min_value=1,
        required=False,
        help_text="Passes over the training data. Leave empty for the default.",
    )
    seed = forms.IntegerField(
        min_value=0,
        max_value=2**32 - 1,
        initial=1,
        help_text="The same seed and training data give the same network only with the same "
        "library versions, kind of processor and number of cores.",
    )
    dry_run = forms.BooleanField(
        required=False, help_text="Train and compare, but do not store or promote the new version."
    )
    confirm = forms.BooleanField(
        required=False,
        label="Wait for a person",
        help_text="Do not promote an accepted version. It waits until somebody promotes it here.",
    )

    class Meta:
        model = TrainingRun
        fields = ()


def describe_options(options: dict[str, Any]) -> str:
    """Return the options that differ from the defaults, in the order of `Options`."""
    # Restore the order first, because PostgreSQL does not keep the order of keys in JSON.
    values = asdict(Options(**options))
    defaults = asdict(Options())
    chosen = [
        name.replace("_", " ") + ("" if value is True else f" {value}")
        for name, value in values.items()
        if value != defaults[name]
    ]
    return ", ".join(chosen) or "defaults"


def describe_progress(run: TrainingRun) -> str:
    """Return a short text about the run's progress or result."""
    if run.is_finished:
        return run.reason
    if run.state == RunState.WAITING:
        return _describe_wait(run)
    if run.is_stale and (age := run.heartbeat_age):
        since = f" for {format_duration(age.total_seconds())}" if age > timedelta(0) else ""
        return f"No heartbeat{since}: the process has probably crashed. Cancel this run."
    if run.cancelled_by:
        return f"Cancelled by {run.cancelled_by}. The run stops within a minute."
    if run.progress is None:
        return "Selecting approved drawings and loading TensorFlow. This can take some minutes."
    return _describe_epoch(run.progress)


def rehearsal_context(rehearsal: dict[str, Any]) -> dict[str, Any]:
    """Return the number of changed predictions, and the newest of these drawings as thumbnails."""
    changed = rehearsal["changed"]
    shown = {each["submission"]: each for each in changed[:THUMBNAIL_LIMIT]}
    # Drawings that were deleted since are missing.
    stored = Submission.objects.filter(pk__in=list(shown)).only("pixels")
    return {
        "drawing_count": rehearsal["drawing_count"],
        "changed_count": len(changed),
        "thumbnails": [thumbnail(row, _describe_change(shown[str(row.pk)])) for row in stored],
    }


def _describe_change(change: dict[str, int]) -> str:
    return f"{Label(change['before']).label} → {Label(change['after']).label}"


def can_cancel(run: TrainingRun) -> bool:
    """Return whether cancelling has an effect.

    A cancelled run stops by itself, so cancelling it again has no effect. The exception is a
    cancelled run whose process has crashed: cancelling it again ends it at once.
    """
    return not run.is_finished and (not run.cancelled_by or run.is_stale)


def _describe_wait(run: TrainingRun) -> str:
    if other := TrainingRun.objects.unfinished().filter(state=RunState.RUNNING).first():
        return f"Waiting for {other} to finish."
    waited = (timezone.now() - run.created).total_seconds()
    if waited < WORKER_START_SECONDS:
        return "Waiting for a worker."
    return (
        f"No worker has started it for {format_duration(waited)}. Start one with "
        "“manage.py worker”. “make run” starts one together with the site."
    )


def _describe_epoch(progress: dict[str, Any]) -> str:
    loss = "" if progress["loss"] is None else f", loss {progress['loss']:.3f}"
    seconds_left = progress["seconds_left"]
    left = "estimating …" if seconds_left is None else f"about {format_duration(seconds_left)} left"
    if progress["share"] == 1:
        return f"All epochs are done. Calibrating, comparing and storing the result, {left}."
    return (
        f"Epoch {progress['epoch']} of {progress['epochs']}, {progress['share']:.0%}{loss}, {left}"
    )


@admin.register(TrainingRun)
class TrainingRunAdmin(ObjectPageAdmin):
    """Start, watch and cancel training runs. Nobody can edit or delete them here."""

    form = TrainingRunForm
    list_display = (
        "number",
        "status",
        "outcome",
        "version_link",
        "requested_by",
        "created",
        "chosen_options",
    )
    list_filter = ("state", "requested_by")
    list_select_related = ("version",)
    list_per_page = 50
    fields = ("from_scratch", "epochs", "seed", "dry_run", "confirm")

    class Media:
        css = {"all": ("recognizer/admin.css",)}

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_fields(self, request: HttpRequest, obj: TrainingRun | None = None) -> Any:
        return super().get_fields(request, obj) if obj is None else ()

    @admin.display(description="run", ordering="pk")
    def number(self, run: TrainingRun) -> str:
        return f"{run.pk}"

    @admin.display(description="state", ordering="state")
    def status(self, run: TrainingRun) -> str:
        if run.state == RunState.RUNNING and run.progress:
            return f"Running, {run.progress['share']:.0%}"
        return run.get_state_display()

    @admin.display(description="options")
    def chosen_options(self, run: TrainingRun) -> str:
        return describe_options(run.options)

    @admin.display(description="version", empty_value="–")
    def version_link(self, run: TrainingRun) -> str | None:
        if run.version is None:
            return None
        url = reverse("admin:recognizer_modelversion_change", args=[run.version.pk])
        return format_html('<a href="{}">{}</a>', url, run.version)

    @admin.display(description="result")
    def outcome(self, run: TrainingRun) -> str:
        return run.reason

    def get_urls(self) -> list[URLPattern]:
        return [
            self.object_url("progress/", self.progress, "progress"),
            self.object_url("cancel/", require_POST(self.cancel), "cancel"),
            *super().get_urls(),
        ]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show the counts of training data and the form that starts a run.

        If another run is unfinished, redirect to its page instead.
        """
        unfinished = TrainingRun.objects.unfinished().first()
        if unfinished is not None and self.has_add_permission(request):
            text = f"Only one training run can be active at a time: {unfinished} is not finished."
            self.message_user(request, text, messages.WARNING)
            return redirect("admin:recognizer_trainingrun_change", unfinished.pk)
        context = {
            "title": "Start a training run",
            # These are functions that the template calls, so that a POST that redirects does not
            # compute the values.
            "selection": selection_for_page,
            "live": model_registry.live_version,
            "count_limit": COUNT_LIMIT,
        }
        return super().add_view(request, form_url, context)

    def save_model(self, request: HttpRequest, obj: TrainingRun, form: Any, change: bool) -> None:
        obj.requested_by = request.user.get_username()
        chosen = {name: form.cleaned_data[name] for name in self.fields}
        chosen["from_scratch"] = bool(chosen["from_scratch"])  # the form's empty choice is ""
        obj.options = asdict(Options(**chosen))
        super().save_model(request, obj, form, change)

    def response_add(self, request: HttpRequest, obj: TrainingRun, *_: Any) -> HttpResponse:
        return redirect("admin:recognizer_trainingrun_change", obj.pk)

    def object_context(self, request: HttpRequest, obj: TrainingRun) -> dict[str, Any]:
        return {
            "message": describe_progress(obj),
            "options": describe_options(obj.options),
            **evaluation_context(obj),
            "rehearsal": obj.rehearsal and rehearsal_context(obj.rehearsal),
            "can_view_submissions": self.admin_site.get_model_admin(Submission).has_view_permission(
                request
            ),
            "can_cancel": self.has_add_permission(request) and can_cancel(obj),
        }

    def progress(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Return the progress as JSON. The page of the run requests it every second."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        run = get_object_or_404(TrainingRun, pk=pk)
        return JsonResponse(
            {
                "state": run.state,
                "share": run.progress and run.progress["share"],
                "message": describe_progress(run),
                "log": run.log,
            }
        )

    def cancel(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Cancel the run. If it is already running, it stops at its next heartbeat."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        run = get_object_or_404(TrainingRun, pk=pk)
        with transaction.atomic():
            if is_cancelled := run.cancel(by=request.user.get_username()):
                self.log_change(request, run, "Cancelled.")
        run.refresh_from_db(fields=("state",))
        # If the run is still being cancelled, its page says by whom.
        if not is_cancelled and run.is_finished:
            self.message_user(request, "The run has already ended.", messages.WARNING)
        return redirect("admin:recognizer_trainingrun_change", pk)
