"""Who a visitor is: of somebody logged in an id of theirs, else a random one in the session."""

import uuid
from typing import Any, Final

from django.db import transaction
from django.http import HttpRequest

from recognizer.models import Submission

KEY: Final = "owner"
NAMESPACE: Final = uuid.UUID("5ba1ac51-6b2b-4d34-9d3c-64b1a5b3f0e7")


def current(request: HttpRequest) -> uuid.UUID | None:
    """The visitor's id; None for who has stored nothing yet."""
    if not request.user.is_authenticated:
        stored = request.session.get(KEY)
        return uuid.UUID(stored) if stored else None
    owner = of_user(request.user)
    # Not with a key: the session beside it may be anybody's.
    if getattr(request, "auth", None) is None and (earlier := request.session.pop(KEY, None)):
        _adopt(uuid.UUID(earlier), owner)
    return owner


def ensure(request: HttpRequest) -> uuid.UUID:
    """The visitor's id; a new one for who has stored nothing yet."""
    owner = current(request)
    if owner is None:
        owner = uuid.uuid4()
        request.session[KEY] = str(owner)
    return owner


def of_user(user: Any) -> uuid.UUID:
    """The same in every browser, and for each of the user's keys."""
    return uuid.uuid5(NAMESPACE, str(user.pk))


def _adopt(earlier: uuid.UUID, owner: uuid.UUID) -> None:
    """What somebody drew before logging in stays theirs."""
    with transaction.atomic():
        theirs = Submission.objects.owned_by(owner)
        drawn = Submission.objects.owned_by(earlier)
        # The same picture is stored once for each owner: the one that is theirs already stays.
        drawn.filter(image_sha256__in=theirs.values("image_sha256")).delete()
        # A name that a program gave is unique among its owner's.
        drawn.update(owner=owner, idempotency_key=None)
