"""Decide whose memory adjusts a prediction."""

import uuid
from typing import Final

from rest_framework.request import Request

from recognizer.accounts import ownership

# Visitors set this cookie on *My drawings* to see only what the network predicts.
MEMORY_COOKIE: Final = "personal_memory"
MEMORY_OFF: Final = "off"


def memory_owner(request: Request, wanted: bool) -> uuid.UUID | None:
    """Return the owner whose drawings adjust the prediction, or None.

    `wanted` is the value of `personal` in the request.
    """
    if not wanted or request.COOKIES.get(MEMORY_COOKIE) == MEMORY_OFF:
        return None
    return ownership.current_owner(request)
