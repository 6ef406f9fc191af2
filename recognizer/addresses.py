"""Where visitors come from: enough to tell them apart. No address is stored anywhere."""

import ipaddress
from typing import Any

from rest_framework.throttling import BaseThrottle


def network(request: Any) -> str:
    """The sender's address, as the operator's own proxies name it (`NUM_PROXIES`).

    Of IPv6 the half that a provider gives to one customer, who is free to rotate the rest.
    """
    address: str = BaseThrottle().get_ident(request) or ""
    try:
        is_six = ipaddress.ip_address(address).version == 6
    except ValueError:  # a server behind a Unix socket knows none
        return address
    return str(ipaddress.ip_network((address, 64), strict=False)) if is_six else address
