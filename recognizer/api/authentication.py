"""Who asks: the owner of a key, somebody logged in, or a visitor; and what a key may do."""

import re
from typing import Any

from django.utils.translation import gettext, gettext_lazy
from drf_spectacular.contrib.knox_auth_token import KnoxTokenScheme
from drf_spectacular.plumbing import build_bearer_security_scheme_object
from knox.auth import TokenAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from recognizer.keys import Key, Scope, may_review


class KeyAuthentication(TokenAuthentication):
    """`Authorization: Bearer dgs_...`"""

    def authenticate_credentials(self, token: bytes) -> tuple[Any, Key]:
        # django-rest-knox stumbles over bytes that are no text.
        if not re.fullmatch(rb"\w+", token):
            raise AuthenticationFailed(gettext("Invalid token."))
        return super().authenticate_credentials(token)


class KeyScheme(KnoxTokenScheme):
    """The key, in the schema."""

    target_class = "recognizer.api.authentication.KeyAuthentication"
    name = "key"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return build_bearer_security_scheme_object("Authorization", "Bearer")


class HasScope(BasePermission):
    """A key needs the scope that the view names as `needed_scope`; sessions have all."""

    def has_permission(self, request: Request, view: Any) -> bool:
        needed = getattr(view, "needed_scope", None)
        self.message = gettext("The key lacks the scope “%(scope)s”.") % {"scope": needed}
        return needed is None or _allows(request, needed)


class IsReviewer(BasePermission):
    """In the group Reviewers, or with all rights."""

    message = gettext_lazy("Only reviewers may do this.")

    def has_permission(self, request: Request, view: Any) -> bool:
        return may_review(request.user)


def sees_all(request: Request) -> bool:
    """Everybody's submissions: staff and reviewers, but with a key only where it may review."""
    is_one = bool(request.user.is_staff) or may_review(request.user)
    return is_one and _allows(request, Scope.REVIEW)


def _allows(request: Request, scope: Scope) -> bool:
    key: Key | None = request.auth  # type: ignore[assignment]
    return key is None or scope in key.scopes
