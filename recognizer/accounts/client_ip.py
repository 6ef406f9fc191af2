"""Tell clients apart by their network. The address itself is never stored."""

import ipaddress
from typing import Any

from rest_framework.throttling import BaseThrottle


def client_network(request: Any) -> str:
    """Return the client's IPv4 address or its IPv6 /64 network, as text.

    The operator's own proxies (`NUM_PROXIES`) report the address. A provider gives a whole /64 to
    one customer, who can change the other half of the address at will.
    """
    address: str = BaseThrottle().get_ident(request) or ""
    try:
        version = ipaddress.ip_address(address).version
    except ValueError:  # A server behind a Unix socket knows no address.
        return address
    return address if version == 4 else str(ipaddress.ip_network((address, 64), strict=False))
