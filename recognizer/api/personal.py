"""Decide whose memory adjusts a prediction."""

import uuid
from datetime import timedelta
from typing import Final

from django.http import HttpRequest, HttpResponse
from rest_framework.request import Request

from recognizer.accounts import cookies, ownership
from recognizer.models import Submission, remembered_state

# Visitors set this cookie on *My drawings* to see only what the network predicts.
MEMORY_COOKIE: Final = "personal_memory"
MEMORY_OFF: Final = "off"
# A visitor with this cookie has corrected nothing, so a prediction need not ask the database.
# Without the cookie, it asks. So the cookie may be lost.
NO_CORRECTIONS_COOKIE: Final = "no_corrections"
# The cookie can outlive a correction if two requests are answered in the wrong order. A rejected
# correction can also be reopened.
NO_CORRECTIONS_AGE: Final = timedelta(hours=1)


def memory_owner(request: Request, wanted: bool) -> uuid.UUID | None:
    """Return the owner whose drawings adjust the prediction, or None.

    `wanted` is the value of `personal` in the request.
    """
    if not wanted or is_turned_off(request) or _is_known_to_be_empty(request):
        return None
    return ownership.current_owner(request)


def is_turned_off(request: HttpRequest | Request) -> bool:
    """Return whether the visitor has turned the memory off in this browser."""
    return request.COOKIES.get(MEMORY_COOKIE) == MEMORY_OFF


def _is_known_to_be_empty(request: Request) -> bool:
    # Users can also correct drawings in another browser.
    if request.user.is_authenticated:
        return False
    return bool(request.COOKIES.get(NO_CORRECTIONS_COOKIE))


def set_no_corrections_cookie(request: Request, response: HttpResponse, stored: Submission) -> None:
    """Set the cookie in the response if the owner of the stored drawing has corrected nothing."""
    if request.COOKIES.get(NO_CORRECTIONS_COOKIE) or request.user.is_authenticated:
        return
    if stored.personal_prediction is None and remembered_state(stored.owner) is None:
        cookies.set_cookie(response, NO_CORRECTIONS_COOKIE, "yes", NO_CORRECTIONS_AGE)


def delete_no_corrections_cookie(request: HttpRequest | Request, response: HttpResponse) -> None:
    """Delete the cookie in the response to a correction."""
    if request.COOKIES.get(NO_CORRECTIONS_COOKIE):
        cookies.delete_cookie(response, NO_CORRECTIONS_COOKIE)
