"""The page for a form with an invalid CSRF token, for example after a login in another tab."""

from typing import Final
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import REASON_NO_CSRF_COOKIE
from django.shortcuts import render

TOKEN_FIELD: Final = "csrfmiddlewaretoken"
PASSWORD: Final = "password"  # part of the names of all fields that must not be repeated


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Explain why the form was refused, and let the visitor send it again with a new token."""
    context = {
        "has_no_cookie": reason == REASON_NO_CSRF_COOKIE,
        "can_send_again": _can_send_again(request),
        "fields": [
            (name, value)
            for name, values in request.POST.lists()
            for value in values
            if name != TOKEN_FIELD
        ],
    }
    return render(request, "403_csrf.html", context, status=403)


def _can_send_again(request: HttpRequest) -> bool:
    """Return whether the page may contain the form once more.

    The form of another site must not come back as a form of this site, because one click would then
    send it with a valid token. So the browser must say that one of our pages has sent the form.
    """
    names = request.POST.keys()
    is_repeatable = not request.FILES and not any(PASSWORD in name for name in names)
    return is_repeatable and _is_same_origin(request)


def _is_same_origin(request: HttpRequest) -> bool:
    origin = request.headers.get("Origin", "")
    return urlsplit(origin).netloc == request.get_host()
