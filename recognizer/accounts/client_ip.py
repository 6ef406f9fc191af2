"""Identify clients by their address (for IPv6, by its /64 network).

The callers store only a keyed hash of this address or network.
"""

import ipaddress
from typing import Any

from rest_framework.throttling import BaseThrottle


def client_network(request: Any) -> str:
    """Return the client's IPv4 address or its IPv6 /64 network, as text.

    With `NUM_PROXIES`, the address is the one that the reverse proxies report. A provider usually
    assigns at least a whole IPv6 /64 network to one customer, who can freely choose the other 64
    bits of the address.
    """
    address: str = BaseThrottle().get_ident(request) or ""
    try:
        version = ipaddress.ip_address(address).version
    except ValueError:
        # A server that listens on a Unix socket does not know the client's address.
        return address
    return address if version == 4 else str(ipaddress.ip_network((address, 64), strict=False))
