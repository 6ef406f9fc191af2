"""How many requests a minute one key or one visitor's address may make, in all workers together."""

import time
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.core.cache import cache
from django.utils.crypto import salted_hmac
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from recognizer import addresses

if TYPE_CHECKING:
    from rest_framework.views import APIView

SLOT: Final = 10  # seconds that are counted together
SLOTS: Final = 7  # so many overlap any minute


class Quota(BaseThrottle):
    """A view names its `throttle_scope`; `settings.QUOTAS` says how much that is."""

    _wait = 0.0

    def allow_request(self, request: Request, view: "APIView") -> bool:
        self._wait = _take(request, getattr(view, "throttle_scope", None) or "read", 1)
        return not self._wait

    def wait(self) -> float:
        return self._wait


def charge(request: Request, scope: str, count: int) -> None:
    """Count more than one for a request; raises `Throttled` when that is too much."""
    if count and (wait := _take(request, scope, count)):
        raise Throttled(wait)


def _take(request: Request, scope: str, count: int) -> float:
    """Count it, and answer 0; or count nothing, and answer how many seconds to wait."""
    limit = settings.QUOTAS.get(scope)
    if limit is None:
        return 0.0
    now = time.time()
    newest = int(now // SLOT)
    who = _who(request)
    names = [f"quota:{scope}:{who}:{slot}" for slot in range(newest - SLOTS + 1, newest + 1)]
    # Counted before it is compared: of two requests at once, each sees the other.
    _add(names[-1], count)
    counts = cache.get_many(names)
    excess = sum(counts.values()) - limit
    if excess <= 0:
        return 0.0
    cache.decr(names[-1], count)
    forgotten = accumulate(counts.get(name, 0) for name in names)
    slot = next(slot for slot, sum_ in enumerate(forgotten, newest + 1) if sum_ >= excess)
    return slot * SLOT - now


def _add(name: str, count: int) -> None:
    try:
        cache.incr(name, count)
    except ValueError:  # the slot's first; who adds it second adds nothing
        cache.add(name, 0, timeout=2 * SLOT * SLOTS)
        cache.incr(name, count)


def _who(request: Request) -> str:
    """A name that says nothing of the address, which is stored nowhere."""
    who = f"key {request.auth.pk}" if request.auth else addresses.network(request)
    return salted_hmac("quota", who, algorithm="sha256").hexdigest()[:32]
