"""Authenticate API keys, and check their scopes and the user's permissions."""

import re
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy
from drf_spectacular.authentication import SessionScheme
from drf_spectacular.contrib.knox_auth_token import KnoxTokenScheme
from drf_spectacular.plumbing import build_bearer_security_scheme_object
from knox.auth import TokenAuthentication
from rest_framework.authentication import SessionAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from recognizer.accounts import owner_cookie, rights
from recognizer.accounts.api_keys import delete_expired
from recognizer.models import ApiKey, Scope


class ApiKeyAuthentication(TokenAuthentication):
    """Authenticate requests with the header `Authorization: Bearer dgs_...`."""

    def authenticate(self, request: Request) -> tuple[Any, ApiKey] | None:
        """Return the key's owner and the key, or None without the header.

        Raises `AuthenticationFailed` if the header has another scheme or no valid key.
        """
        scheme = get_authorization_header(request).split(maxsplit=1)[:1]
        if scheme and scheme[0].lower() != b"bearer":
            raise AuthenticationFailed(
                gettext("Send the API key as “Authorization: Bearer dgs_…”.")
            )
        authenticated: tuple[Any, ApiKey] | None = super().authenticate(request)
        return authenticated

    def authenticate_credentials(self, token: bytes) -> tuple[Any, ApiKey]:
        """Return the key's owner and the key.

        Raises `AuthenticationFailed` if the key is invalid, revoked or expired, or if its owner is
        inactive.
        """
        # Reject bytes that no key contains, because django-rest-knox crashes on invalid UTF-8.
        if not re.fullmatch(rb"\w+", token):
            raise AuthenticationFailed(gettext("Invalid API key."))
        return super().authenticate_credentials(token)

    def _cleanup_token(self, auth_token: ApiKey) -> bool:
        """Return whether the key has expired. If so, delete it, with an audit entry."""
        is_expired = auth_token.expiry is not None and auth_token.expiry < timezone.now()
        if is_expired:
            delete_expired(auth_token.user)
        return is_expired


class ApiKeyScheme(KnoxTokenScheme):
    """Describe API keys in the OpenAPI schema."""

    target_class = "recognizer.api.authentication.ApiKeyAuthentication"
    name = "key"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        """Return the security scheme of a bearer token."""
        return build_bearer_security_scheme_object("Authorization", "Bearer")


class CookieAuthentication(SessionAuthentication):
    """Authenticate logged-in users, and refuse requests that another site may have forged.

    DRF requires a CSRF token only of logged-in users. Here, every visitor who sends a cookie needs
    one. A program without cookies has no rights that another site could misuse, so it needs none.
    """

    def authenticate(self, request: Request) -> tuple[Any, None] | None:
        """Return the logged-in user, or None.

        Raises `PermissionDenied` for a write without a valid CSRF token or from another site.
        """
        authenticated: tuple[Any, None] | None = super().authenticate(request)
        if authenticated is None and request.method not in SAFE_METHODS:
            self._refuse_forgery(request)
        return authenticated

    def _refuse_forgery(self, request: Request) -> None:
        if {settings.SESSION_COOKIE_NAME, owner_cookie.COOKIE_NAME} & request.COOKIES.keys():
            self.enforce_csrf(request)
        # Browsers do not send the cookies with a form of another site. Without this check, the
        # response would replace the visitor's cookie, and so hide the visitor's drawings.
        origin = request.headers.get("Origin")
        trusted = (*settings.CORS_ALLOWED_ORIGINS, *settings.CSRF_TRUSTED_ORIGINS)
        if origin is None or origin in trusted:
            return
        if origin.partition("://")[2] != request.get_host():
            raise PermissionDenied(gettext("Requests from other sites are not allowed."))


class CookieScheme(SessionScheme):
    """Describe the session cookie in the OpenAPI schema."""

    target_class = "recognizer.api.authentication.CookieAuthentication"


class HasScope(BasePermission):
    """Require that an API key has one of the view's `accepted_scopes`, if there are any.

    A scope only counts if the key's owner has the right to use it. Sessions need no scope.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        """Return whether the view needs no scope, the key has one, or there is no key."""
        accepted = getattr(view, "accepted_scopes", ())
        if request.auth is None or not accepted:
            return True
        self.message = gettext("The API key lacks the scope “%(scope)s”.") % {"scope": accepted[0]}
        return not set(accepted).isdisjoint(_scopes(request))


class IsReviewer(BasePermission):
    """Require that the user is a reviewer."""

    message = gettext_lazy("Only reviewers are allowed to do this.")

    def has_permission(self, request: Request, view: Any) -> bool:
        """Return whether the user is a reviewer."""
        return rights.can_review(request.user)


def can_view_all(request: Request) -> bool:
    """Return whether the request may see everybody's submissions.

    The user needs the right, and an API key needs the scope `review`.
    """
    return Scope.REVIEW in _scopes(request)


def _scopes(request: Request) -> list[Scope]:
    key: ApiKey | None = request.auth  # type: ignore[assignment]
    return rights.effective_scopes(request.user, key)
