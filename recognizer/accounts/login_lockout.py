"""Lock out a client after too many failed logins, and store little data about it.

django-axes counts failed logins in the database. By default, it also stores the client's address,
its browser and the submitted data.
"""

from ipaddress import IPv6Address
from typing import Any, Final

from axes.handlers.database import AxesDatabaseHandler
from django.conf import settings
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.crypto import salted_hmac

from recognizer.accounts import client_ip

# Addresses that start with this byte are reserved for private networks (RFC 4193).
PRIVATE_IPV6_PREFIX: Final = b"\xfd"


class PrivateAxesHandler(AxesDatabaseHandler):
    """Store only the user name, the time and a pseudonymous address of a failed login."""

    def user_login_failed(
        self, sender: Any, credentials: dict[str, Any], request: Any = None, **kwargs: Any
    ) -> None:
        """Hide the request's data from django-axes while it stores the failed login."""
        submitted = request.GET, request.POST
        request.axes_user_agent = request.axes_http_accept = ""
        request.GET = request.POST = QueryDict()
        try:
            super().user_login_failed(sender, credentials, request, **kwargs)
        finally:
            request.GET, request.POST = submitted


def pseudonymous_ip(request: HttpRequest) -> str:
    """Return a keyed hash of the client's network, formatted as an IPv6 address.

    The hash is an address because django-axes stores nothing else. Clients in the same network
    always get the same hash.
    """
    digest = salted_hmac("login", client_ip.client_network(request), algorithm="sha256").digest()
    return str(IPv6Address(PRIVATE_IPV6_PREFIX + digest[:15]))


def lockout_response(request: HttpRequest, _response: Any, _credentials: Any) -> HttpResponse:
    """Return the page with status 429 that tells the user how long to wait."""
    wait = settings.AXES_COOLOFF_TIME
    context = {"minutes": int(wait.total_seconds() // 60)}
    response = render(request, "recognizer/lockout.html", context, status=429)
    response["Retry-After"] = str(int(wait.total_seconds()))
    return response
