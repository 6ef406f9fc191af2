"""Limit the requests per minute of each API key, or of each client network without a key.

The counts are in Django's cache, which all workers share.
"""

import time
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.core.cache import cache
from django.utils.crypto import salted_hmac
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from recognizer.accounts import client_ip

if TYPE_CHECKING:
    from rest_framework.views import APIView

# Requests within one slot are counted together.
SLOT_SECONDS: Final = 10
# Any minute overlaps at most seven slots, so the window always covers a whole minute.
WINDOW_SLOTS: Final = 7


class SlidingWindowThrottle(BaseThrottle):
    """Allow `settings.QUOTAS[view.throttle_scope]` requests per minute."""

    _wait = 0.0

    def allow_request(self, request: Request, view: "APIView") -> bool:
        """Count the request and return whether it is within the limit."""
        self._wait = _consume(request, getattr(view, "throttle_scope", None) or "read", 1)
        return not self._wait

    def wait(self) -> float:
        """Return the seconds until the next request is allowed."""
        return self._wait


def consume(request: Request, scope: str, count: int) -> None:
    """Count one request as `count` more. Raise `Throttled` if that exceeds the limit."""
    if count and (wait := _consume(request, scope, count)):
        raise Throttled(wait)


def _consume(request: Request, scope: str, count: int) -> float:
    """Count `count` requests and return 0; or count none and return the seconds to wait."""
    limit = settings.QUOTAS.get(scope)
    if limit is None:
        return 0.0
    now = time.time()
    newest = int(now // SLOT_SECONDS)
    client = _client_key(request)
    slots = range(newest - WINDOW_SLOTS + 1, newest + 1)
    cache_keys = [f"quota:{scope}:{client}:{slot}" for slot in slots]
    # Increment first, compare afterwards: two simultaneous requests then see each other.
    _increment(cache_keys[-1], count)
    found = cache.get_many(cache_keys)
    counts = [found.get(cache_key, 0) for cache_key in cache_keys]
    excess = sum(counts) - limit
    if excess <= 0:
        return 0.0
    cache.decr(cache_keys[-1], count)
    return _time_of_release(counts, excess, newest) - now


def _time_of_release(counts: list[int], excess: int, newest: int) -> float:
    """Return the time at which slots with at least `excess` requests have left the window."""
    released = accumulate(counts)
    slot = next(slot for slot, total in enumerate(released, newest + 1) if total >= excess)
    return slot * SLOT_SECONDS


def _increment(cache_key: str, count: int) -> None:
    try:
        cache.incr(cache_key, count)
    except ValueError:
        # The slot is new. If two requests add it at once, the second `add` does nothing.
        cache.add(cache_key, 0, timeout=2 * SLOT_SECONDS * WINDOW_SLOTS)
        cache.incr(cache_key, count)


def _client_key(request: Request) -> str:
    """Return a keyed hash of the client, so that no address is stored in the cache."""
    client = f"key {request.auth.pk}" if request.auth else client_ip.client_network(request)
    return salted_hmac("quota", client, algorithm="sha256").hexdigest()[:32]
