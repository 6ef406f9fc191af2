"""Where model versions are looked at and put live."""

from collections.abc import Iterator
from typing import Any, Final

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from recognizer import readings, registry
from recognizer.admin.chart import Chart, accuracy_chart
from recognizer.admin.pictures import picture
from recognizer.models import Answer, ModelVersion, Submission
from recognizer.registry import DamagedModelError, Recognizer

TEMPLATES: Final = "admin/recognizer/modelversion"
FACES: Final = 40  # so many pictures in a row


def percent(score: float | None) -> str:
    return "–" if score is None else f"{score:.2%}"


def card_rows(card: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The card as a table of two columns."""
    for name, value in card.items():
        parts = value if isinstance(value, dict) else {"": value}
        for part, content in parts.items():
            words = f"{name}: {part}" if part else name
            shown = percent(content) if name == "scores" else _in_words(content)
            yield words.replace("_", " "), shown


def _in_words(content: Any) -> str:
    if isinstance(content, bool):
        return "yes" if content else "no"
    return f"{content:.4g}" if isinstance(content, float) else str(content)


def faces(wrong: readings.Answers, right: readings.Answers) -> dict[str, Any]:
    """The newest pictures, and the number of all, that only one of two versions reads rightly."""
    found = readings.gained(wrong, right)
    shown = [
        picture(row, f"{right[row].label}, read as {wrong[row].label}") for row in found[:FACES]
    ]
    return {"total": len(found), "pictures": shown}


class VersionList(ChangeList):
    def chart(self) -> Chart | None:
        """Of the versions that this page lists, so that the list is the chart's table."""
        return accuracy_chart(self.result_list)


@admin.register(ModelVersion)
class ModelVersionAdmin(admin.ModelAdmin):
    """To look at and put live: versions are made by `manage.py retrain` alone."""

    list_display = (
        "number",
        "state",
        "created",
        "mnist_test",
        "held_out",
        "corrections",
        "reason",
    )
    list_filter = ("state",)
    list_per_page = 50
    fields = ("number", "state", "reason", "parent", "created", "sha256")
    readonly_fields = fields

    class Media:
        css = {"all": ("recognizer/admin.css",)}

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return VersionList

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # no form: see may_put_live

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description="MNIST test")
    def mnist_test(self, version: ModelVersion) -> str:
        return percent(version.score("mnist_test"))

    @admin.display(description="held-out corrections")
    def held_out(self, version: ModelVersion) -> str:
        return percent(version.score("held_out_corrections"))

    @admin.display(description="corrections learned")
    def corrections(self, version: ModelVersion) -> int:
        return version.corrections

    def get_urls(self) -> list[URLPattern]:
        guarded = self.admin_site.admin_view
        return [
            path(
                "<int:pk>/drawings/<int:label>/<int:answer>/",
                guarded(self.drawings),
                name="recognizer_modelversion_drawings",
            ),
            path(
                "<int:pk>/put-live/",
                guarded(self.put_live),
                name="recognizer_modelversion_put_live",
            ),
            *super().get_urls(),
        ]

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: ModelVersion | None = None,
    ) -> HttpResponse:
        if obj is not None:
            context["card"] = card_rows(obj.card)
            context["live"] = registry.live_version()
            context["may_put_live"] = self.may_put_live(request)
            try:
                recognizer = registry.load(obj)
            except DamagedModelError as error:
                context["unusable"] = str(error)
            else:
                if self.may_see_drawings(request):
                    context |= self.read_now(obj, recognizer)
        return super().render_change_form(request, context, add, change, form_url, obj)

    def read_now(self, version: ModelVersion, recognizer: Recognizer) -> dict[str, Any]:
        """What the page says about the version's answers to approved submissions."""
        submissions = readings.approved()
        answers = readings.read(recognizer, submissions)
        confusion = readings.confusion(answers)
        return {
            "confusion": confusion,
            "count": len(submissions),
            "right": sum(row.right for row in confusion),
            "newest": readings.NEWEST,
            **self.against_parent(version, answers),
        }

    def against_parent(self, version: ModelVersion, answers: readings.Answers) -> dict[str, Any]:
        if version.parent is None:
            return {}
        try:
            parent = registry.load(version.parent)
        except DamagedModelError as error:
            return {"parent_unusable": str(error)}
        before = readings.read(parent, list(answers))
        return {"gained": faces(before, answers), "lost": faces(answers, before)}

    def drawings(self, request: HttpRequest, pk: int, label: int, answer: int) -> HttpResponse:
        """The pictures behind one cell of the confusion matrix."""
        if not (self.has_view_permission(request) and self.may_see_drawings(request)):
            raise PermissionDenied
        version = get_object_or_404(ModelVersion, pk=pk)
        if label not in Answer or answer not in Answer:
            raise Http404
        try:
            recognizer = registry.load(version)
        except DamagedModelError:  # the version's page says more
            return redirect("admin:recognizer_modelversion_change", pk)
        submissions = [row for row in readings.approved() if row.label == label]
        answers = readings.read(recognizer, submissions)
        what = f"{Answer(label).label}, read as {Answer(answer).label}"
        context = {
            "title": f"{what} by {version}",
            "pictures": [picture(row, what) for row in submissions if answers[row] == answer],
            "newest": readings.NEWEST,
        }
        return self.page(request, "drawings.html", version, context)

    def put_live(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Asks first; puts the version live, or says why not."""
        if not self.may_put_live(request):
            raise PermissionDenied
        version, live = get_object_or_404(ModelVersion, pk=pk), registry.live_version()
        if version == live:
            self.message_user(request, f"{version} is live already.")
        elif request.method != "POST":
            return self._ask(request, version, live)
        else:
            self._put_live(request, version, live)
        return redirect("admin:recognizer_modelversion_change", pk)

    def _ask(self, request: HttpRequest, version: ModelVersion, live: ModelVersion) -> HttpResponse:
        context: dict[str, Any] = {"title": f"Put {version} live?", "live": live}
        try:
            registry.load(version)
        except DamagedModelError as error:
            context["unusable"] = str(error)
        context["scores"] = [
            (row, self.mnist_test(row), self.held_out(row)) for row in (live, version)
        ]
        return self.page(request, "put_live.html", version, context)

    def _put_live(self, request: HttpRequest, version: ModelVersion, live: ModelVersion) -> None:
        try:
            with transaction.atomic():
                # By force: whoever confirms has been told why a version was refused.
                registry.promote(version, by=request.user.get_username(), force=True)
                self.log_change(request, version, f"Put live instead of {live}.")
        except DamagedModelError as error:
            text = f"{version} was not put live: {error}."
            self.message_user(request, text, messages.ERROR)
        else:
            text = f"{version} is live instead of {live}: web workers follow within two seconds."
            self.message_user(request, text, messages.SUCCESS)

    def page(
        self, request: HttpRequest, template: str, version: ModelVersion, context: dict[str, Any]
    ) -> HttpResponse:
        """A page of ours about one version, in the admin's frame."""
        frame = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "media": self.media,
            "original": version,
        }
        return TemplateResponse(request, f"{TEMPLATES}/{template}", {**frame, **context})

    def may_put_live(self, request: HttpRequest) -> bool:
        return super().has_change_permission(request)

    def may_see_drawings(self, request: HttpRequest) -> bool:
        return self.admin_site.get_model_admin(Submission).has_view_permission(request)
