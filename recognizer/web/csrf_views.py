"""The page for a form with an invalid CSRF token, for example after a login in another tab."""

from typing import Final

from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import REASON_NO_CSRF_COOKIE
from django.shortcuts import render

TOKEN_FIELD: Final = "csrfmiddlewaretoken"
PASSWORD: Final = "password"  # part of the names of all fields that must not be repeated
MAX_CHARACTERS: Final = 100_000  # in all fields of a form that may be repeated


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Explain why the form was refused, and let the visitor send it again with a new token."""
    fields = [
        (name, value)
        for name, values in request.POST.lists()
        for value in values
        if name != TOKEN_FIELD
    ]
    context = {
        "has_no_cookie": reason == REASON_NO_CSRF_COOKIE,
        "can_send_again": _can_send_again(request, fields),
        "fields": fields,
    }
    return render(request, "403_csrf.html", context, status=403)


def _can_send_again(request: HttpRequest, fields: list[tuple[str, str]]) -> bool:
    """Return whether the page may contain the form once more.

    No form of the site is long, and a page with a long one would take much memory.

    The form of another site must not come back as a form of this site, because one click would then
    send it with a valid token. So the browser must say that one of our pages has sent the form.
    """
    if request.FILES or any(PASSWORD in name for name, _ in fields):
        return False
    is_short = sum(len(name) + len(value) for name, value in fields) <= MAX_CHARACTERS
    return is_short and _is_same_origin(request)


def _is_same_origin(request: HttpRequest) -> bool:
    _scheme, _, host = request.headers.get("Origin", "").partition("://")
    return host == request.get_host()
