"""Admin pages for API keys and for the audit trail (Django's admin log)."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.db.models import QuerySet
from django.http import HttpRequest

from recognizer.accounts import api_keys
from recognizer.admin.base import NoChangeAdmin
from recognizer.admin.pagination import BoundedCountAdmin
from recognizer.models import ApiKey


@admin.register(ApiKey)
class ApiKeyAdmin(NoChangeAdmin):
    """List and revoke the keys of all users.

    Nobody can create keys here, because a key acts with the rights of its user. Users create their
    own keys on /keys/.
    """

    list_display = ("name", "visible_prefix", "user", "scope_names", "created", "expiry")
    list_select_related = ("user",)
    list_filter = ("user",)
    fields = readonly_fields = ("user", "name", "scope_names", "expiry")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def delete_model(self, request: HttpRequest, obj: ApiKey) -> None:
        api_keys.revoke(obj, by=request.user)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet) -> None:
        for key in queryset:
            api_keys.revoke(key, by=request.user)

    # `revoke` writes the audit entries itself. The admin must not add more.
    def log_deletions(self, *_: Any) -> None:  # type: ignore[override]
        pass


@admin.register(LogEntry)
class AuditTrailAdmin(BoundedCountAdmin, NoChangeAdmin):
    """Show the audit trail. Nobody can change it here."""

    list_display = ("action_time", "user", "content_type", "object_repr", "description")
    list_display_links = None
    list_select_related = ("user", "content_type")
    list_filter = ("action_flag", "content_type", "user")
    # Newest first. Sort by the primary key, because the time has no index.
    ordering = ("-id",)
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER

    @admin.display(description="action")
    def description(self, entry: LogEntry) -> str:
        return entry.get_change_message() or str(entry)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
