"""The addresses of this machine in its local network."""

import ipaddress
import socket
from contextlib import suppress
from typing import Final

WILDCARDS: Final = ("0.0.0.0", "::", "[::]")  # values of BIND that listen on all addresses
# An address of the documentation range, to which nothing is sent: the system only chooses a route.
ELSEWHERE: Final = ("198.51.100.1", 9)


def private_addresses() -> list[str]:
    """Return the private IPv4 addresses of this machine, that of the default route first."""
    found = []
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(ELSEWHERE)
        found.append(probe.getsockname()[0])
    with suppress(OSError):
        found += socket.gethostbyname_ex(socket.gethostname())[2]
    return [each for each in dict.fromkeys(found) if _is_private(each)]


def _is_private(text: str) -> bool:
    address = ipaddress.ip_address(text)
    return address.is_private and not address.is_loopback and not address.is_unspecified
