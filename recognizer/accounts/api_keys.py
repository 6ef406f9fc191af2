"""Create, revoke and limit API keys."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from django.contrib.admin.models import ADDITION, DELETION
from django.db import transaction

from recognizer import audit
from recognizer.models import ApiKey
from recognizer.models.api_key import KEY_PREFIX

REVIEW_PERMISSION: Final = "recognizer.change_submission"
# Each key has rate limits of its own, so an unlimited number of keys would lift them.
MAX_KEYS_PER_USER: Final = 10


def has_reached_limit(owner: Any) -> bool:
    """Return whether `owner` must revoke a key before creating another one."""
    return ApiKey.objects.filter(user=owner).count() >= MAX_KEYS_PER_USER


def create_key(
    owner: Any, name: str, scopes: Iterable[str], *, by: Any, expires: datetime | None = None
) -> tuple[ApiKey, str]:
    """Create a key; return its row and its secret, which is not stored."""
    with transaction.atomic():
        key, secret = ApiKey.objects.create(
            owner, expiry=None, prefix=KEY_PREFIX, name=name, scopes=list(scopes)
        )
        if expires is not None:
            key.expiry = expires
            key.save(update_fields=("expiry",))
        audit.record(by, key, ADDITION, f"Created for {owner} with the scopes {key.scope_names}.")
    return key, secret


def revoke(key: ApiKey, *, by: Any) -> None:
    """Delete the key: no program can log in with it any more."""
    with transaction.atomic():
        audit.record(by, key, DELETION, f"Revoked; it belonged to {key.user}.")
        key.delete()


def may_review(user: Any) -> bool:
    """Return whether the user is a reviewer or an operator."""
    return bool(user.has_perm(REVIEW_PERMISSION))
