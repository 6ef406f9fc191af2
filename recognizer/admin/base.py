"""The base class for admins that add content or views to the page of an object."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path


class ObjectPageAdmin(admin.ModelAdmin):
    """Allow subclasses to add context and further views to the page of an object."""

    def object_context(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        """Return additional template context for the page of `obj`."""
        return {}

    def object_url(self, route: str, view: Callable[..., HttpResponse], name: str) -> URLPattern:
        """Return the URL pattern of a view of one object. The view must check the permissions."""
        return path(
            f"<int:pk>/{route}",
            self.admin_site.admin_view(view),
            name=f"{self.opts.app_label}_{self.opts.model_name}_{name}",
        )

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Any = None,
    ) -> HttpResponse:
        if obj is not None:
            context |= self.object_context(request, obj)
        return super().render_change_form(request, context, add, change, form_url, obj)
