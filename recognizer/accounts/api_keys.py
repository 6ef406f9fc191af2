"""Create, revoke and limit API keys."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from django.contrib.admin.models import ADDITION, DELETION
from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone

from recognizer import audit
from recognizer.models import ApiKey
from recognizer.models.api_key import KEY_PREFIX

MAX_KEYS_PER_USER: Final = 10


class TooManyKeysError(Exception):
    """Raised when a user has the maximum number of keys and creates another one."""


def create_key(
    owner: Any, name: str, scopes: Iterable[str], *, by: Any, expires: datetime | None = None
) -> tuple[ApiKey, str]:
    """Create a key for `owner`. Return its row and its secret.

    The secret cannot be read again, because only its hash and its first characters are stored.
    The audit trail names `by`. Raises `TooManyKeysError` if the owner has `MAX_KEYS_PER_USER` keys
    that have not expired.
    """
    with transaction.atomic():
        # Simultaneous requests of the same user wait here, so that they count each other's keys.
        get_user_model().objects.select_for_update(no_key=True).get(pk=owner.pk)
        delete_expired(owner)
        if ApiKey.objects.filter(user=owner).count() >= MAX_KEYS_PER_USER:
            raise TooManyKeysError
        # create() of django-rest-knox expects a duration, not a date, so `expires` is set later.
        key, secret = ApiKey.objects.create(
            owner, expiry=None, prefix=KEY_PREFIX, name=name, scopes=list(scopes)
        )
        if expires is not None:
            key.expiry = expires
            key.save(update_fields=("expiry",))
        audit.record(by, key, ADDITION, f"Created for {owner} with the scopes {key.scope_names}.")
    return key, secret


def revoke(key: ApiKey, *, by: Any) -> None:
    """Delete the key, so that no program can use it any more. The audit trail names `by`.

    If another request has deleted it meanwhile, nothing is recorded.
    """
    with transaction.atomic():
        if ApiKey.objects.filter(pk=key.pk).delete()[0]:
            audit.record(by, key, DELETION, f"Revoked; it belonged to {key.user}.")


def delete_expired(owner: Any) -> None:
    """Delete the expired keys of `owner`."""
    with transaction.atomic():
        expired = ApiKey.objects.filter(user=owner, expiry__lt=timezone.now()).select_for_update()
        for key in expired:
            audit.record(owner, key, DELETION, "Deleted, because it had expired.")
            key.delete()
