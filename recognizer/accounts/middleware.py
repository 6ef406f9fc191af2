"""Middleware for the cookie of anonymous visitors, and against caches that keep private pages."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from recognizer.accounts import owner_cookie

GetResponse = Callable[[HttpRequest], HttpResponse]


class OwnerCookieMiddleware:
    """Set, renew or delete the owner's cookie if the view has asked for it and has succeeded."""

    def __init__(self, get_response: GetResponse) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self._get_response(request)
        if response.status_code < 400:
            owner_cookie.write_cookie(request, response)
        return response


class PrivateResponseMiddleware:
    """Forbid caches to store a response, unless its view has set `Cache-Control` itself.

    Almost every response depends on the visitor: on their drawings, on their permissions, or at
    least on their CSRF token. Static files do not get here.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self._get_response(request)
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response
