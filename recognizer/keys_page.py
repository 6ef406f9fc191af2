"""The page where somebody logged in makes and withdraws keys for the API."""

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
from django.views.decorators.http import require_http_methods, require_POST

from recognizer.keys import AT_MOST, Key, Scope, has_enough, make, may_review, withdraw

LIFETIMES: Final = [
    ("30", gettext_lazy("30 days")),
    ("365", gettext_lazy("a year")),
    ("", gettext_lazy("until it is withdrawn")),
]


class KeyForm(forms.Form):
    """What a new key is called, may do, and until when."""

    name = forms.CharField(
        label=gettext_lazy("What will use it?"),
        max_length=60,
        help_text=gettext_lazy("For example “import script”."),
    )
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("What may it do?"),
        widget=forms.CheckboxSelectMultiple,
        choices=Scope.choices,
    )
    lifetime = forms.ChoiceField(
        label=gettext_lazy("How long is it valid?"),
        choices=LIFETIMES,
        initial="365",
        required=False,
    )

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._user = user
        if not may_review(user):
            choices = [choice for choice in Scope.choices if choice[0] != Scope.REVIEW]
            self.fields["scopes"].choices = choices  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        if has_enough(self._user):
            complaint = gettext("You have %(count)d keys. Withdraw one first.")
            raise forms.ValidationError(complaint % {"count": AT_MOST})
        return super().clean() or {}

    def make(self) -> str:
        """The key itself."""
        said = self.cleaned_data
        days = said["lifetime"]
        expires = timezone.now() + timedelta(days=int(days)) if days else None
        _, secret = make(self._user, said["name"], said["scopes"], by=self._user, expires=expires)
        return secret


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def keys(request: HttpRequest) -> HttpResponse:
    """One's own keys, and a form for a new one, which is shown in the answer and never again."""
    form = KeyForm(request.POST or None, user=request.user)
    secret = None
    if request.method == "POST" and form.is_valid():
        secret = form.make()
        form = KeyForm(user=request.user)
    mine = Key.objects.filter(user=request.user)
    context = {"form": form, "keys": mine, "secret": secret}
    return render(request, "recognizer/keys.html", context, status=400 if form.errors else 200)


@login_required
@require_POST
def withdraw_key(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """From now on nobody gets in with it; another's is 404."""
    key = get_object_or_404(Key, user=request.user, public_id=public_id)
    withdraw(key, by=request.user)
    messages.success(request, gettext("“%(key)s” is withdrawn.") % {"key": key})
    return redirect("keys")
