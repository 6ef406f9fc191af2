"""Who a visitor is: a random id in the session, which outlives logging in."""

import uuid
from typing import Final

from django.http import HttpRequest

KEY: Final = "owner"


def current(request: HttpRequest) -> uuid.UUID | None:
    """The visitor's id; None for who has stored nothing yet."""
    stored = request.session.get(KEY)
    return uuid.UUID(stored) if stored else None


def ensure(request: HttpRequest) -> uuid.UUID:
    """The visitor's id; a new one for who has stored nothing yet."""
    owner = current(request)
    if owner is None:
        owner = uuid.uuid4()
        request.session[KEY] = str(owner)
    return owner
