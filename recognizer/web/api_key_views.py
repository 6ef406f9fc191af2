"""The page where users create and revoke their API keys."""

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from recognizer.accounts import rights
from recognizer.accounts.api_keys import (
    MAX_KEYS_PER_USER,
    TooManyKeysError,
    create_key,
    revoke,
)
from recognizer.models import ApiKey

# Choices of the form: (number of days, label). With the empty value, the key does not expire.
LIFETIMES: Final = [
    ("30", gettext_lazy("30 days")),
    ("365", gettext_lazy("1 year")),
    ("", gettext_lazy("no expiry")),
]


class ApiKeyForm(forms.Form):
    """The form for a new key: its name, scopes and lifetime."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=60,
        help_text=gettext_lazy("The program that uses the key, for example “import script”."),
    )
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("Permissions"),
        widget=forms.CheckboxSelectMultiple,
    )
    lifetime = forms.ChoiceField(
        label=gettext_lazy("Valid for"),
        choices=LIFETIMES,
        initial="365",
        required=False,
    )

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._user = user
        choices = [(scope, scope.label) for scope in rights.available_scopes(user)]
        self.fields["scopes"].choices = choices  # type: ignore[attr-defined]

    def create(self) -> str | None:
        """Create the key and return its secret. Return None if the user has too many keys."""
        data = self.cleaned_data
        days = data["lifetime"]
        expires = timezone.now() + timedelta(days=int(days)) if days else None
        try:
            _, secret = create_key(
                self._user, data["name"], data["scopes"], by=self._user, expires=expires
            )
        except TooManyKeysError:
            message = gettext("You have %(count)d keys. Revoke one of them first.")
            self.add_error(None, message % {"count": MAX_KEYS_PER_USER})
            return None
        return secret


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def api_keys(request: HttpRequest) -> HttpResponse:
    """List the user's keys and create new ones.

    The response to a valid form shows the new key's secret. It is not shown again.
    """
    form = ApiKeyForm(request.POST or None, user=request.user)
    secret = None
    if request.method == "POST" and form.is_valid() and (secret := form.create()):
        form = ApiKeyForm(user=request.user)
    keys = ApiKey.objects.filter(user=request.user)
    context = {"form": form, "keys": keys, "secret": secret}
    return render(request, "recognizer/keys.html", context, status=400 if form.errors else 200)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def revoke_key(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """On POST, delete one of the user's own keys. For any other key, the response is a 404."""
    if request.method != "POST":  # The login redirects here if the session expired before the POST.
        return redirect("keys")
    key = get_object_or_404(ApiKey, user=request.user, public_id=public_id)
    revoke(key, by=request.user)
    messages.success(request, gettext("“%(key)s” is revoked.") % {"key": key})
    return redirect("keys")
