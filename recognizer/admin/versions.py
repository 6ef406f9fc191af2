"""Where model versions are looked at."""

import json
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.http import HttpRequest
from django.utils.html import format_html

from recognizer.admin.chart import Chart, accuracy_chart
from recognizer.models import ModelVersion


def percent(score: float | None) -> str:
    return "–" if score is None else f"{score:.2%}"


class VersionList(ChangeList):
    def chart(self) -> Chart | None:
        """Of the versions that this page lists, so that the list is the chart's table."""
        return accuracy_chart(self.result_list)


@admin.register(ModelVersion)
class ModelVersionAdmin(admin.ModelAdmin):
    """To look at: versions are made by `manage.py retrain` alone."""

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
    fields = ("number", "state", "reason", "parent", "created", "sha256", "whole_card")
    readonly_fields = fields

    class Media:
        css = {"all": ("recognizer/admin.css",)}

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return VersionList

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

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
        return int(version.card["trained_on"]["corrections"])

    @admin.display(description="card")
    def whole_card(self, version: ModelVersion) -> str:
        return format_html("<pre>{}</pre>", json.dumps(version.card, indent=2))
