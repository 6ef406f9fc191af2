"""Who is wrong too often about a name's password waits: django-axes counts in the database.

It would keep addresses, browsers and all that was sent. Here it is told less.
"""

from ipaddress import IPv6Address
from typing import Any, Final

from axes.handlers.database import AxesDatabaseHandler
from django.conf import settings
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.crypto import salted_hmac

from recognizer import addresses

PRIVATE: Final = b"\xfd"  # how addresses begin that belong to nobody on the internet


class Handler(AxesDatabaseHandler):
    """Of a failed login it keeps the name, when, and a scrambled address."""

    def user_login_failed(
        self, sender: Any, credentials: dict[str, Any], request: Any = None, **kwargs: Any
    ) -> None:
        sent = request.GET, request.POST
        request.axes_user_agent = request.axes_http_accept = ""
        request.GET = request.POST = QueryDict()
        try:
            super().user_login_failed(sender, credentials, request, **kwargs)
        finally:
            request.GET, request.POST = sent


def scrambled_address(request: HttpRequest) -> str:
    """The same for the same address; in the form of one, because axes stores nothing else."""
    digest = salted_hmac("login", addresses.network(request), algorithm="sha256").digest()
    return str(IPv6Address(PRIVATE + digest[:15]))


def locked_out(request: HttpRequest, _response: Any, _credentials: Any) -> HttpResponse:
    """The page for who has to wait."""
    wait = settings.AXES_COOLOFF_TIME
    context = {"minutes": int(wait.total_seconds() // 60)}
    page = render(request, "recognizer/locked_out.html", context, status=429)
    page["Retry-After"] = str(int(wait.total_seconds()))
    return page
