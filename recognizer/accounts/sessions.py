"""Sessions in the database, as Django stores them. `settings.SESSION_ENGINE` names this module."""

from typing import Any

from django.contrib.sessions.backends import db


class SessionStore(db.SessionStore):
    """Ignore a key that Django has not made.

    A cookie can contain a NUL, and PostgreSQL refuses queries with one.
    """

    def _validate_session_key(self, key: Any) -> bool:
        # The type stubs lack this method.
        is_valid: bool = super()._validate_session_key(key)  # type: ignore[misc]
        return is_valid and str(key).isalnum()
