"""The rights of users and of their API keys. Pages, the API and the admin all ask this module.

All rights end at once when a user becomes inactive, is no longer staff, or loses the permission,
because they are looked up at each request. A key never has more rights than its user.
"""

from typing import Any, Final

from recognizer.models import ApiKey, Scope

REVIEWERS: Final = "Reviewers"  # the name of the group, which a migration creates


def is_staff(user: Any) -> bool:
    """Return whether the user may use the admin and read the metrics."""
    return bool(user.is_active and user.is_staff)


def can_review(user: Any) -> bool:
    """Return whether the user is a reviewer: staff with the permission to change submissions.

    The group *Reviewers* and superusers have the permission.
    """
    return is_staff(user) and user.has_perm("recognizer.change_submission")


def can_view_all(user: Any) -> bool:
    """Return whether the user may see the submissions of all owners.

    Reviewers may, and staff with the permission to view submissions.
    """
    return can_review(user) or (is_staff(user) and user.has_perm("recognizer.view_submission"))


def available_scopes(user: Any) -> list[Scope]:
    """Return the scopes that a key of the user may use."""
    return [scope for scope in Scope if scope != Scope.REVIEW or can_view_all(user)]


def effective_scopes(user: Any, key: ApiKey | None) -> list[Scope]:
    """Return the scopes of the key that its user may use. Without a key, return all of these."""
    available = available_scopes(user)
    return available if key is None else [scope for scope in available if scope in key.scopes]
