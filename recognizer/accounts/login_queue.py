"""Check the password of one login at a time. One other login waits for its turn.

So logins occupy two threads at most: `THREADS` of recognizer/ops/http_server.py takes them into
account. A login takes the waiting place of one with more failures. Clients who guess passwords soon
have many, so they cannot keep others from logging in.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

# When to try again after being refused because other logins are checked.
BUSY_SECONDS: Final = 2


class LoginRefusedError(Exception):
    """Raised instead of checking a password, and by the failure that starts a lockout."""

    def __init__(self, retry_after: int) -> None:
        super().__init__()
        self.retry_after = retry_after  # seconds


@dataclass(eq=False)
class _Login:
    failures: int


class LoginQueue:
    """The queue of one process."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._is_checking = False
        self._waiting: _Login | None = None

    @contextmanager
    def turn(self, failures: int) -> Iterator[None]:
        """Wait until no other login is checked. `failures` are the earlier ones of the client.

        Raises `LoginRefusedError` if a login with at most as many failures already waits, or if one
        with fewer failures arrives while this one waits.
        """
        with self._changed:
            # Nobody overtakes the login that waits, not even when a turn has just ended.
            if self._is_checking or self._waiting:
                self._wait(_Login(failures))
            self._is_checking = True
        try:
            yield
        finally:
            with self._changed:
                self._is_checking = False
                self._changed.notify_all()

    def _wait(self, login: _Login) -> None:
        if self._waiting and self._waiting.failures <= login.failures:
            raise LoginRefusedError(BUSY_SECONDS)
        self._waiting = login
        self._changed.notify_all()  # The login that has waited until now is refused.
        self._changed.wait_for(lambda: self._waiting is not login or not self._is_checking)
        if self._waiting is not login:
            raise LoginRefusedError(BUSY_SECONDS)
        self._waiting = None
