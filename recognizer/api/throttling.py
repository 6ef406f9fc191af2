"""Limit the requests per minute of each API key and, without a key, of each client address.

For IPv6, the client address is its /64 network. The counts are in Django's cache, which all web
processes share.
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

# Requests are counted in slots of this length.
SLOT_SECONDS: Final = 10
# A minute overlaps at most seven slots, so a window of seven slots covers any minute.
WINDOW_SLOTS: Final = 7


class SlidingWindowThrottle(BaseThrottle):
    """Allow `settings.QUOTAS[view.throttle_scope]` requests per minute.

    A view without a scope uses `read`. A scope without a quota is unlimited.
    """

    _wait = 0.0

    def allow_request(self, request: Request, view: "APIView") -> bool:
        """Return whether the request is within the quota, and count it if it is."""
        self._wait = _try_consume(request, getattr(view, "throttle_scope", None) or "read", 1)
        return not self._wait

    def wait(self) -> float:
        """Return the seconds until the next request is allowed."""
        return self._wait


def consume(request: Request, scope: str, count: int) -> None:
    """Count `count` additional requests against the quota.

    Raises `Throttled`, and counts none of them, if that would exceed the quota.
    """
    if count and (wait := _try_consume(request, scope, count)):
        raise Throttled(wait)


def _try_consume(request: Request, scope: str, count: int) -> float:
    """Count `count` requests and return 0.

    If that would exceed the quota, count none of them and return the seconds to wait.
    """
    limit = settings.QUOTAS.get(scope)
    if limit is None:
        return 0.0
    now = time.time()
    newest = int(now // SLOT_SECONDS)
    client = _client_key(request)
    slots = range(newest - WINDOW_SLOTS + 1, newest + 1)
    cache_keys = [f"quota:{scope}:{client}:{slot}" for slot in slots]
    # Increment before comparing, so that two simultaneous requests count each other.
    _increment(cache_keys[-1], count)
    found = cache.get_many(cache_keys)
    counts = [found.get(cache_key, 0) for cache_key in cache_keys]
    excess = sum(counts) - limit
    if excess <= 0:
        return 0.0
    cache.decr(cache_keys[-1], count)
    return _time_of_release(counts, excess, newest) - now


def _time_of_release(counts: list[int], excess: int, newest: int) -> float:
    """Return the time at which slots with at least `excess` requests have left the window.

    `counts` are the requests in the slots of the window, whose last slot is `newest`. When the slot
    `newest + 1` begins, the first slot leaves the window. Each later slot removes one more.
    """
    released = accumulate(counts)
    slot = next(slot for slot, total in enumerate(released, newest + 1) if total >= excess)
    return slot * SLOT_SECONDS


def _increment(cache_key: str, count: int) -> None:
    try:
        cache.incr(cache_key, count)
    except ValueError:
        # The slot is new. If two requests add it at the same time, the second add() does nothing.
        cache.add(cache_key, 0, timeout=2 * SLOT_SECONDS * WINDOW_SLOTS)
        cache.incr(cache_key, count)


def _client_key(request: Request) -> str:
    """Return a keyed hash of the client, so that the cache stores no address."""
    client = f"key {request.auth.pk}" if request.auth else client_ip.client_network(request)
    return salted_hmac("quota", client, algorithm="sha256").hexdigest()[:32]
