"""Redirect to the path with a slash, unless the body would be lost."""

from django.http import HttpRequest
from django.middleware import common


class CommonMiddleware(common.CommonMiddleware):
    """Redirect only GET and HEAD. With other methods, the 404 response says what to do."""

    def should_redirect_with_slash(self, request: HttpRequest) -> bool:
        """Return whether to redirect to the same path with a slash at its end."""
        return request.method in ("GET", "HEAD") and super().should_redirect_with_slash(request)
