"""Keys, made and withdrawn by staff; and the audit trail, which nobody can change here."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.http import HttpRequest

from recognizer import keys
from recognizer.admin.pages import NothingIsCounted
from recognizer.keys import Key, Scope


class NewKeyForm(forms.ModelForm):
    """For whom, what will use it, what it may do."""

    user = forms.ModelChoiceField(get_user_model().objects.order_by("username"))
    scopes = forms.MultipleChoiceField(choices=Scope.choices, widget=forms.CheckboxSelectMultiple)

    class Meta:
        model = Key
        fields = ("user", "name", "scopes", "expiry")

    def clean_user(self) -> Any:
        user = self.cleaned_data["user"]
        if keys.has_enough(user):
            raise forms.ValidationError(f"{user} has {keys.AT_MOST} keys. Withdraw one first.")
        return user


class NothingChanges(admin.ModelAdmin):
    """Rows are looked at only."""

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Key)
class KeyAdmin(NothingChanges):
    form = NewKeyForm
    list_display = ("name", "begins", "user", "scope_names", "created", "expiry")
    list_select_related = ("user",)
    list_filter = ("user",)
    fields = ("user", "name", "scopes", "expiry")

    def save_model(self, request: HttpRequest, obj: Key, form: Any, change: bool) -> None:
        made, secret = keys.make(
            obj.user, obj.name, obj.scopes, by=request.user, expires=obj.expiry
        )
        obj.__dict__.update(made.__dict__)
        self.message_user(
            request,
            f"The key is {secret} – give it to {obj.user} now: it is never shown again.",
            messages.WARNING,
        )

    def delete_model(self, request: HttpRequest, obj: Key) -> None:
        keys.withdraw(obj, by=request.user)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet) -> None:
        for key in queryset:
            keys.withdraw(key, by=request.user)

    # make() and withdraw() note it.
    def log_addition(self, *_: Any) -> None:  # type: ignore[override]
        pass

    def log_deletions(self, *_: Any) -> None:  # type: ignore[override]
        pass


@admin.register(LogEntry)
class AuditTrailAdmin(NothingIsCounted, NothingChanges):
    list_display = ("action_time", "user", "content_type", "object_repr", "what")
    list_display_links = None
    list_select_related = ("user", "content_type")
    list_filter = ("action_flag", "content_type", "user")
    ordering = ("-id",)  # the newest first, by the index that there is
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER

    @admin.display(description="what was done")
    def what(self, entry: LogEntry) -> str:
        return entry.get_change_message() or str(entry)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
