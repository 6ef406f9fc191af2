"""Lock out a user name at a client address after too many failed logins.

The client address is the IPv4 address or the IPv6 /64 network. django-axes counts failed logins in
the database. By default, it also stores the full address, the browser and the submitted data.
"""

from ipaddress import IPv6Address
from typing import Any, Final

from axes.handlers.database import AxesDatabaseHandler
from django.conf import settings
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.crypto import salted_hmac

from recognizer.accounts import client_ip

# Addresses that start with this byte are unique local addresses (RFC 4193), so a hash never looks
# like a public address.
UNIQUE_LOCAL_PREFIX: Final = b"\xfd"


class PrivateAxesHandler(AxesDatabaseHandler):
    """Keep the browser and the submitted data out of the stored failed login.

    `pseudonymous_ip` replaces the address.
    """

    def user_login_failed(
        self, sender: Any, credentials: dict[str, Any], request: Any = None, **kwargs: Any
    ) -> None:
        """Hide the browser and the submitted data while django-axes stores the failed login."""
        submitted = request.GET, request.POST
        request.axes_user_agent = request.axes_http_accept = ""
        request.GET = request.POST = QueryDict()
        try:
            super().user_login_failed(sender, credentials, request, **kwargs)
        finally:
            request.GET, request.POST = submitted


def pseudonymous_ip(request: HttpRequest) -> str:
    """Return a keyed hash of the client address, formatted as an IPv6 address.

    It has this format because django-axes keeps it in a `GenericIPAddressField`. Clients in the
    same /64 network get the same hash.
    """
    digest = salted_hmac("login", client_ip.client_network(request), algorithm="sha256").digest()
    return str(IPv6Address(UNIQUE_LOCAL_PREFIX + digest[:15]))


def lockout_response(request: HttpRequest, _response: Any, _credentials: Any) -> HttpResponse:
    """Return the page with status 429 that tells the user how long a lockout lasts."""
    wait = settings.AXES_COOLOFF_TIME
    context = {"minutes": int(wait.total_seconds() // 60)}
    response = render(request, "recognizer/lockout.html", context, status=429)
    response["Retry-After"] = str(int(wait.total_seconds()))
    return response
