"""Where retrainings are started, watched and cancelled."""

from dataclasses import asdict
from typing import Any, Final

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.views.decorators.http import require_POST

from recognizer import registry
from recognizer.admin.versions import percent
from recognizer.corrections import MANY, counts_for_a_page
from recognizer.models import RunState, TrainingRun
from recognizer.retraining import Options
from recognizer.runs import duration
from recognizer.tasks import retrain_in_background

NO_WORKER_SECONDS: Final = 20  # a worker looks every second; a new one needs a few to start


class StartForm(forms.ModelForm):
    """What may be chosen before a retraining starts: the options of `manage.py retrain`."""

    from_scratch = forms.TypedChoiceField(
        label="Start from",
        choices=[("", "the live version"), ("yes", "random weights: slower, owes it nothing")],
        coerce=bool,
        required=False,
        widget=forms.RadioSelect,
    )
    epochs = forms.IntegerField(
        min_value=1,
        required=False,
        help_text="How often to go through all digits. Empty: as often as has proved good.",
    )
    seed = forms.IntegerField(
        min_value=0,
        max_value=2**32 - 1,
        initial=1,
        help_text="The same seed and the same corrections give the same result.",
    )
    dry_run = forms.BooleanField(
        required=False, help_text="Train and judge, but store nothing and put nothing live."
    )

    class Meta:
        model = TrainingRun
        fields = ()


def options_in_words(options: dict[str, Any]) -> str:
    """What was chosen other than the default."""
    usual = asdict(Options())
    said = [
        name.replace("_", " ") + ("" if value is True else f" {value}")
        for name, value in options.items()
        if value != usual[name]
    ]
    return ", ".join(said) or "the usual ones"


def how_it_goes(run: TrainingRun) -> str:
    """One or two sentences for whoever watches."""
    if run.is_finished:
        return run.reason
    if run.state == RunState.WAITING:
        return _why_it_waits(run)
    if run.is_silent and run.seen:
        silence = duration((timezone.now() - run.seen).total_seconds())
        return f"No sign of life for {silence}: its process seems to have ended. Cancel it."
    if run.cancelled_by:
        return f"Cancelled by {run.cancelled_by}: it stops when it looks next, within a minute."
    if run.progress is None:
        return "It collects corrections and loads TensorFlow: this can take some minutes."
    return _progress_in_words(run.progress)


def can_be_cancelled(run: TrainingRun) -> bool:
    """Once is enough, but nobody else hears it where the process has ended."""
    return not run.is_finished and (not run.cancelled_by or run.is_silent)


def _why_it_waits(run: TrainingRun) -> str:
    if other := TrainingRun.objects.unfinished().filter(state=RunState.RUNNING).first():
        return f"It waits for the end of {other}."
    waited = (timezone.now() - run.created).total_seconds()
    if waited < NO_WORKER_SECONDS:
        return "It waits for a worker."
    return (
        f"No worker has taken it for {duration(waited)}. Start one with “manage.py worker”; "
        "“make run” starts one beside the site."
    )


def _progress_in_words(progress: dict[str, Any]) -> str:
    loss = "" if progress["loss"] is None else f", loss {progress['loss']:.3f}"
    if progress["share"] == 1:
        return "All epochs are done; now it is calibrated, judged and stored."
    left = progress["seconds_left"]
    words = "estimating …" if left is None else f"about {duration(left)} left"
    return (
        f"Epoch {progress['epoch']} of {progress['epochs']}, {progress['share']:.0%}{loss}, {words}"
    )


@admin.register(TrainingRun)
class TrainingRunAdmin(admin.ModelAdmin):
    """To start, watch and cancel; what a run did cannot be edited."""

    form = StartForm
    list_display = ("number", "status", "what_came", "result", "asked_by", "created", "chosen")
    list_filter = ("state", "asked_by")
    list_select_related = ("version",)
    list_per_page = 50
    fields = ("from_scratch", "epochs", "seed", "dry_run")

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
    def chosen(self, run: TrainingRun) -> str:
        return options_in_words(run.options)

    @admin.display(description="version", empty_value="–")
    def result(self, run: TrainingRun) -> str | None:
        if run.version is None:
            return None
        url = reverse("admin:recognizer_modelversion_change", args=[run.version.pk])
        return format_html('<a href="{}">{}</a>', url, run.version)

    @admin.display(description="what came of it")
    def what_came(self, run: TrainingRun) -> str:
        return run.reason

    def get_urls(self) -> list[URLPattern]:
        guarded = self.admin_site.admin_view
        return [
            path(
                "<int:pk>/progress/",
                guarded(self.progress),
                name="recognizer_trainingrun_progress",
            ),
            path(
                "<int:pk>/cancel/",
                guarded(require_POST(self.cancel)),
                name="recognizer_trainingrun_cancel",
            ),
            *super().get_urls(),
        ]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """What would be learned, the options, and the button that starts it."""
        busy = TrainingRun.objects.unfinished().first()
        if busy is not None and self.has_add_permission(request):
            text = f"One retraining at a time: {busy} is not finished."
            self.message_user(request, text, messages.WARNING)
            return redirect("admin:recognizer_trainingrun_change", busy.pk)
        context = {
            "title": "Start a retraining",
            "counts": counts_for_a_page,  # called on the page only
            "many": MANY,
            "live": registry.live_version,
        }
        return super().add_view(request, form_url, context)

    def save_model(self, request: HttpRequest, obj: TrainingRun, form: Any, change: bool) -> None:
        obj.asked_by = request.user.get_username()
        chosen = {name: form.cleaned_data[name] for name in self.fields}
        obj.options = asdict(Options(**chosen | {"from_scratch": bool(chosen["from_scratch"])}))
        super().save_model(request, obj, form, change)
        retrain_in_background.enqueue(obj.pk)

    def response_add(self, request: HttpRequest, obj: TrainingRun, *_: Any) -> HttpResponse:
        return redirect("admin:recognizer_trainingrun_change", obj.pk)

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: TrainingRun | None = None,
    ) -> HttpResponse:
        if obj is not None:
            context |= {
                "words": how_it_goes(obj),
                "options": options_in_words(obj.options),
                "scores": [
                    (name.replace("_", " "), *map(percent, both))
                    for name, both in (obj.scores or {}).items()
                ],
                "may_cancel": self.has_add_permission(request) and can_be_cancelled(obj),
            }
        return super().render_change_form(request, context, add, change, form_url, obj)

    def progress(self, request: HttpRequest, pk: int) -> HttpResponse:
        """For the page, which asks every second."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        run = get_object_or_404(TrainingRun, pk=pk)
        return JsonResponse(
            {
                "state": run.state,
                "share": run.progress and run.progress["share"],
                "words": how_it_goes(run),
                "log": run.log,
            }
        )

    def cancel(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask the run to stop."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        run = get_object_or_404(TrainingRun, pk=pk)
        run.cancel(by=request.user.get_username())
        self.log_change(request, run, "Cancelled.")
        return redirect("admin:recognizer_trainingrun_change", pk)
