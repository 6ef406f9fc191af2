"""The base classes for admins."""

from collections.abc import Callable
from typing import Any, Final

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import ValidationError
from django.db import DataError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path

# The lookups of the admin's own links. Others, such as `range` and `regex`, can raise any error.
ALLOWED_LOOKUPS: Final = ("exact", "isnull", "gte", "lt")
# These lookups raise these errors for values that the database cannot compare, such as a number
# with thirty digits.
FILTER_ERRORS: Final = (OverflowError, ValueError, TypeError, DataError)


class ValidatedLookupAdmin(admin.ModelAdmin):
    """Redirect if the URL contains a filter or an id that the database cannot compare."""

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """Return the list. Raises `IncorrectLookupParameters`, for which Django redirects."""
        try:
            return super().get_changelist_instance(request)
        except FILTER_ERRORS as error:
            raise IncorrectLookupParameters from error

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Return whether the URL may filter by this lookup."""
        _, separator, name = lookup.rpartition("__")
        if separator and name not in ALLOWED_LOOKUPS:
            return False
        return super().lookup_allowed(lookup, value, request)

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Any:
        """Return the object, or None if no object can have this id."""
        field = self.opts.get_field(from_field) if from_field else self.opts.pk
        if not _is_possible(object_id, field):
            return None
        return super().get_object(request, object_id, from_field)

    def response_action(
        self, request: HttpRequest, queryset: QuerySet, *args: Any, **kwargs: Any
    ) -> HttpResponse | None:
        """Apply the action to the selected rows. Ignore ids that no row can have."""
        post = request.POST.copy()
        ids = post.getlist(ACTION_CHECKBOX_NAME)
        post.setlist(ACTION_CHECKBOX_NAME, [pk for pk in ids if _is_possible(pk, self.opts.pk)])
        request.POST = post  # type: ignore[assignment]
        return super().response_action(request, queryset, *args, **kwargs)


def _is_possible(value: str, field: Any) -> bool:
    """Return whether the field of the database can have this value."""
    try:
        field.run_validators(field.to_python(value))
    except ValidationError:
        return False
    return "\0" not in value  # PostgreSQL stores no NUL.


class NoChangeAdmin(ValidatedLookupAdmin):
    """Show rows without an edit form. Users with the permissions can add and delete rows."""

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ObjectPageAdmin(ValidatedLookupAdmin):
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
