"""Identify the owner of submissions by a UUID.

A logged-in user has a fixed UUID. An anonymous visitor gets a random UUID with the first
submission. The session stores it.
"""

import uuid
from typing import Any, Final

from django.db import transaction
from django.http import HttpRequest

from recognizer.models import Submission, change_ledger_owner

SESSION_KEY: Final = "owner"
NAMESPACE: Final = uuid.UUID("5ba1ac51-6b2b-4d34-9d3c-64b1a5b3f0e7")


def current_owner(request: HttpRequest) -> uuid.UUID | None:
    """Return the visitor's id, or None if an anonymous visitor has not submitted anything yet.

    The first call after a login moves the submissions of the anonymous session to the user.
    """
    if not request.user.is_authenticated:
        stored = request.session.get(SESSION_KEY)
        return uuid.UUID(stored) if stored else None
    owner = owner_for_user(request.user)
    # A request with an API key may carry the session cookie of another person.
    has_api_key = getattr(request, "auth", None) is not None
    if not has_api_key and (anonymous := request.session.pop(SESSION_KEY, None)):
        _merge(uuid.UUID(anonymous), owner)
    return owner


def get_or_create_owner(request: HttpRequest) -> uuid.UUID:
    """Return the visitor's id. A new visitor gets a random one."""
    owner = current_owner(request)
    if owner is None:
        owner = uuid.uuid4()
        request.session[SESSION_KEY] = str(owner)
    return owner


def owner_for_user(user: Any) -> uuid.UUID:
    """Return the id of a user, which is the same in every browser and for every API key."""
    return uuid.uuid5(NAMESPACE, str(user.pk))


def _merge(anonymous: uuid.UUID, owner: uuid.UUID) -> None:
    """Move the submissions of `anonymous` to `owner`, except images that `owner` already has."""
    with transaction.atomic():
        kept = Submission.objects.owned_by(owner)
        merged = Submission.objects.owned_by(anonymous)
        merged.lock()
        # An owner's images are unique, so the anonymous copy of an image is deleted.
        merged.filter(image_sha256__in=kept.values("image_sha256")).delete()
        # Idempotency keys are unique per owner. A key of `anonymous` could collide with one of
        # `owner`, so it is removed.
        merged.update(owner=owner, idempotency_key=None)
        change_ledger_owner(anonymous, owner)
