"""Forbid scripts to turn text into HTML or code, on all pages with scripts of our own only."""

from typing import Final

from csp.constants import NONE
from csp.middleware import CSPMiddleware, PolicyParts
from django.http import HttpRequest, HttpResponseBase

TRUSTED_TYPES: Final = {"require-trusted-types-for": ["'script'"], "trusted-types": [NONE]}


class TrustedTypesMiddleware(CSPMiddleware):
    """Send the Content-Security-Policy of the settings, with Trusted Types where possible.

    jQuery on the admin pages and Swagger UI on the API docs would not work with Trusted Types.
    JSON needs no policy, because browsers neither run nor render it.
    """

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """Add the header."""
        if response.headers.get("Content-Type") == "application/json":
            return response
        return super().process_response(request, response)

    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        """Return the parts from which the header is built."""
        parts = super().get_policy_parts(request, response, report_only)
        match = request.resolver_match
        is_ours = not match or (match.app_name != "admin" and match.url_name != "docs")
        if is_ours and not report_only:
            parts.update = {**(parts.update or {}), **TRUSTED_TYPES}
        return parts
