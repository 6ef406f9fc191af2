"""Decide whose memory adjusts a prediction."""

import uuid
from typing import Final

from django.http import HttpRequest
from rest_framework.request import Request

from recognizer.accounts import ownership

# Visitors set this cookie on *My drawings* to see only what the network predicts.
MEMORY_COOKIE: Final = "personal_memory"
MEMORY_OFF: Final = "off"


def memory_owner(request: Request, wanted: bool) -> uuid.UUID | None:
    """Return the owner whose drawings adjust the prediction, or None.

    `wanted` is the value of `personal` in the request.
    """
    if not wanted or is_turned_off(request):
        return None
    return ownership.current_owner(request)


def is_turned_off(request: HttpRequest | Request) -> bool:
    """Return whether the visitor has turned the memory off in this browser."""
    return request.COOKIES.get(MEMORY_COOKIE) == MEMORY_OFF
