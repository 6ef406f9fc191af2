"""Limit failed logins, on the login pages of the site and of the admin.

An attempt is counted before its password is checked, so that simultaneous attempts count each
other. (django-axes counts afterwards, so ten simultaneous attempts can try ten passwords.) The
counts are in Django's cache, which all web processes share, and they expire by themselves.
"""

import math
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from typing import Any, Final

from django.contrib.auth.backends import ModelBackend
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.crypto import salted_hmac
from django.utils.translation import get_language

from recognizer.accounts import client_ip
from recognizer.accounts.login_queue import LoginQueue, LoginRefusedError

# Failed logins with one user name at one client address.
MAX_FAILURES: Final = 5
# Failed logins at one client address, with any user names.
MAX_FAILURES_OF_ADDRESS: Final = 30
LOGIN_VIEWS: Final = ("login", "admin:login")
# How long a failure counts, and how long a lockout lasts.
LOCKOUT_SECONDS: Final = 15 * 60

# Checking a password takes a third of a second of processor time.
_queue: Final = LoginQueue()


class ThrottledBackend(ModelBackend):
    """Check user names and passwords, but only a few per client address."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> Any:
        """Return the user, or None if the user name or the password is wrong.

        Raises `LoginRefusedError` if there were too many failures, or if the process is busy with
        other logins.
        """
        if request is None or username is None:  # The login pages send both.
            return super().authenticate(request, username, password, **kwargs)
        address = client_ip.client_network(request)
        at_address = _Attempt(MAX_FAILURES_OF_ADDRESS, address)
        with_name = _Attempt(MAX_FAILURES, address, username)
        # One host can have all /64 networks of a /48 network. Their failures count together in the
        # queue. They lock nobody out, because several customers can also share a /48 network.
        in_network = _Attempt(math.inf, "network", client_ip.wider_network(address))
        attempts = at_address, with_name, in_network
        # Most refusals only read, so that somebody who guesses passwords causes little work.
        failures = max(attempt.check() for attempt in attempts)
        with _queue.turn(failures), at_address, with_name, in_network:
            user = super().authenticate(request, username, password, **kwargs)
            for attempt in attempts:
                attempt.failed = user is None
        if user is not None:
            with_name.reset()
        elif at_address.is_last or with_name.is_last:
            raise LoginRefusedError(LOCKOUT_SECONDS)
        return user


class _Attempt:
    """An attempt to log in. It counts as a failure until it ends otherwise."""

    failed = is_last = False

    def __init__(self, limit: float, *client: str) -> None:
        # Store a keyed hash, because the client may be an address.
        digest = salted_hmac("login", "\n".join(client), algorithm="sha256").hexdigest()[:32]
        self._key, self._limit = f"login:{digest}", limit

    def check(self) -> int:
        """Return the number of failures. Raises `LoginRefusedError` if they reach the limit."""
        count: int = cache.get(self._key, 0)
        if count >= self._limit:
            raise LoginRefusedError(LOCKOUT_SECONDS)
        return count

    def __enter__(self) -> None:
        # Increment before comparing, so that two simultaneous attempts count each other.
        count = self._increment()
        if count > self._limit:
            self._decrement()
            raise LoginRefusedError(LOCKOUT_SECONDS)
        self.is_last = count == self._limit  # if it fails

    def __exit__(self, *_: Any) -> None:
        if not self.failed:
            self._decrement()
        elif self.is_last:
            # The lockout lasts its full time, whenever the first failure was.
            cache.touch(self._key, LOCKOUT_SECONDS)

    def reset(self) -> None:
        """Forget all failures of the client."""
        cache.delete(self._key)

    def _increment(self) -> int:
        counts = cache.increment_many({self._key: 1}, LOCKOUT_SECONDS)  # type: ignore[attr-defined]
        return int(counts[self._key])

    def _decrement(self) -> None:
        # A missing count has expired, or another login has reset it.
        with suppress(ValueError):
            cache.decr(self._key)


class LoginRefusedMiddleware:
    """Return a page with status 429 that tells the user when to try again.

    If the address is locked out, the login pages are not called, so that a refusal takes less time
    than any other page.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self._get_response(request)

    def process_view(self, request: HttpRequest, *_: Any) -> HttpResponse | None:
        match = request.resolver_match
        if request.method == "POST" and match is not None and match.view_name in LOGIN_VIEWS:
            try:
                _Attempt(MAX_FAILURES_OF_ADDRESS, client_ip.client_network(request)).check()
            except LoginRefusedError as error:
                return _refusal(error)
        return None

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        return _refusal(error) if isinstance(error, LoginRefusedError) else None


def _refusal(error: LoginRefusedError) -> HttpResponse:
    page = _refusal_page(get_language() or "", error.retry_after == LOCKOUT_SECONDS)
    return HttpResponse(page, status=429, headers={"Retry-After": str(error.retry_after)})


@lru_cache
def _refusal_page(language: str, is_locked_out: bool) -> str:
    """Return the page in the active language. Rendering would take longer than all the rest."""
    minutes = LOCKOUT_SECONDS // 60 if is_locked_out else None
    return render_to_string("recognizer/lockout.html", {"minutes": minutes})
