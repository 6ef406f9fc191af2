"""Set and delete the site's own cookies, with the same attributes as the session cookie."""

from datetime import timedelta

from django.conf import settings
from django.http import HttpResponse


def set_cookie(response: HttpResponse, name: str, value: str, max_age: timedelta) -> None:
    """Set a cookie that scripts cannot read, and that HTTPS sites send over HTTPS only."""
    response.set_cookie(
        name,
        value,
        max_age=max_age,
        path=settings.SESSION_COOKIE_PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def delete_cookie(response: HttpResponse, name: str) -> None:
    """Delete a cookie that `set_cookie` has set."""
    response.delete_cookie(name, settings.SESSION_COOKIE_PATH, samesite="Lax")
