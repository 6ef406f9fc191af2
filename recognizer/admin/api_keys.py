"""Admin pages for API keys and for the audit trail (Django's admin log)."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.http import HttpRequest

from recognizer.accounts import api_keys
from recognizer.admin.pagination import BoundedCountAdmin
from recognizer.models import ApiKey, Scope


class ApiKeyCreationForm(forms.ModelForm):
    """The form for a new key: its user, name, scopes and expiry."""

    user = forms.ModelChoiceField(get_user_model().objects.order_by("username"))
    scopes = forms.MultipleChoiceField(choices=Scope.choices, widget=forms.CheckboxSelectMultiple)

    class Meta:
        model = ApiKey
        fields = ("user", "name", "scopes", "expiry")

    def clean_user(self) -> Any:
        user = self.cleaned_data["user"]
        if api_keys.has_reached_limit(user):
            limit = api_keys.MAX_KEYS_PER_USER
            raise forms.ValidationError(f"{user} has {limit} keys. Revoke one of them first.")
        return user


class NoChangeAdmin(admin.ModelAdmin):
    """Show rows without an edit form. Users with the permissions can add and delete rows."""

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(ApiKey)
class ApiKeyAdmin(NoChangeAdmin):
    """Create and revoke the keys of any user."""

    form = ApiKeyCreationForm
    list_display = ("name", "visible_prefix", "user", "scope_names", "created", "expiry")
    list_select_related = ("user",)
    list_filter = ("user",)
    fields = ("user", "name", "scopes", "expiry")

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        key, secret = api_keys.create_key(
            obj.user, obj.name, obj.scopes, by=request.user, expires=obj.expiry
        )
        # The admin goes on with `obj`, so it must become the key that was created.
        obj.__dict__.update(key.__dict__)
        self.message_user(
            request,
            f"The key is {secret}. Give it to {obj.user} now: it is never shown again.",
            messages.WARNING,
        )

    def delete_model(self, request: HttpRequest, obj: ApiKey) -> None:
        api_keys.revoke(obj, by=request.user)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet) -> None:
        for key in queryset:
            api_keys.revoke(key, by=request.user)

    # `create_key` and `revoke` write the audit entries themselves. The admin must not add more.
    def log_addition(self, *_: Any) -> None:  # type: ignore[override]
        pass

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
