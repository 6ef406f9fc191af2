"""Identify clients by their address (for IPv6, by its /64 network).

The callers store only a keyed hash of this address or network.
"""

import ipaddress
import re
from typing import Any, Final

from django.http import HttpRequest
from rest_framework.throttling import BaseThrottle

# Some reverse proxies report the address with its port, and an IPv6 address in brackets.
WITH_PORT: Final = re.compile(r"\[(?P<ipv6>[^\]]*)\](:\d+)?|(?P<ipv4>[^:]*):\d+")


def client_network(request: Any) -> str:
    """Return the client's IPv4 address or its IPv6 /64 network, as text.

    With `NUM_PROXIES`, the address is the one that the reverse proxies report. A provider usually
    assigns at least a whole IPv6 /64 network to one customer, who can freely choose the other 64
    bits of the address. The IPv4 clients of a server that listens on both have IPv4-mapped IPv6
    addresses, all in one /64 network, so these are converted to IPv4 first.
    """
    reported: str = (BaseThrottle().get_ident(request) or "").strip()
    found = WITH_PORT.fullmatch(reported)
    text = (found["ipv6"] or found["ipv4"] or "") if found else reported
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        # A server that listens on a Unix socket does not know the client's address.
        return reported
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is None:
            return str(ipaddress.ip_network((int(address), 64), strict=False))
        address = address.ipv4_mapped
    return str(address)


def wider_network(network: str) -> str:
    """Return the /48 network of an IPv6 /64 network. Return other clients unchanged.

    Providers rarely assign more than a /48 network to one customer.
    """
    try:
        return str(ipaddress.IPv6Network(network).supernet(new_prefix=48))
    except ValueError:
        return network


def network_of_connection(connection: Any) -> str:
    """Return the client of the first waiting request of a waitress connection.

    If no request has arrived yet, return the client that has connected.
    """
    request = HttpRequest()
    request.META["REMOTE_ADDR"] = str(connection.addr[0])
    for waiting in connection.requests[:1]:  # A thread may remove it at any moment.
        if forwarded := waiting.headers.get("X_FORWARDED_FOR"):
            request.META["HTTP_X_FORWARDED_FOR"] = forwarded
    return client_network(request)
