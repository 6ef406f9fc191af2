"""Limit what each client may use: requests, processor time, and stored drawings.

A client is the user of an API key or, without a key, a client address (for IPv6, its /64 network).
The counts are in Django's cache, which all web processes share.
"""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import salted_hmac
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from recognizer.accounts import client_ip

if TYPE_CHECKING:
    from rest_framework.views import APIView

MINUTE, DAY = 60, 24 * 60 * 60
SLOTS_PER_WINDOW: Final = 6
# A window overlaps at most seven slots, so the sum of seven slots covers any window.
COUNTED_SLOTS: Final = SLOTS_PER_WINDOW + 1
PROCESSOR: Final = "processor"  # the quota of processor time
UNITS: Final = {PROCESSOR: "milliseconds", "rows": "rows", "bytes": "bytes"}


@dataclass(frozen=True)
class Charge:
    """An amount to count against a quota: at most `limit` units in any `window` seconds."""

    quota: str
    limit: int
    window: int
    client: str
    amount: int

    @property
    def slot_seconds(self) -> int:
        """Return the length of the slots in which the units are counted."""
        return self.window // SLOTS_PER_WINDOW

    def keys(self, now: float) -> list[str]:
        """Return the cache keys of the counted slots, and of the slot after `now`.

        A simultaneous request may already count in the next slot.
        """
        newest = int(now // self.slot_seconds)
        slots = range(newest - COUNTED_SLOTS + 1, newest + 2)
        prefix = f"quota:{self.quota}:{_pseudonym(self.client)}"
        return [f"{prefix}:{slot}" for slot in slots]

    def current_key(self, now: float) -> str:
        """Return the cache key of the slot that is counted at `now`."""
        return self.keys(now)[-2]

    def seconds_until_release(self, counts: list[int], excess: int, now: float) -> float:
        """Return the seconds until slots with at least `excess` units have left the window.

        When the slot `newest + 1` begins, the first slot leaves the window. Each later slot removes
        one more.
        """
        newest = int(now // self.slot_seconds)
        released = accumulate(counts)
        slot = next(slot for slot, total in enumerate(released, newest + 1) if total >= excess)
        return slot * self.slot_seconds - now

    def policy(self) -> str:
        """Return the item of the header RateLimit-Policy."""
        unit = UNITS.get(self.quota.rpartition("-")[2])
        return f'"{self.quota}";q={self.limit};w={self.window}' + (f';qu="{unit}"' if unit else "")


@lru_cache
def _pseudonym(client: str) -> str:
    """Return a name for the client that does not reveal its address."""
    return salted_hmac("quota", client, algorithm="sha256").hexdigest()[:32]


class SlidingWindowThrottle(BaseThrottle):
    """Allow `settings.QUOTAS[view.throttle_scope]` requests per minute.

    A view without a scope uses `read`. A scope without a quota is unlimited. A client that has used
    up its processor time must wait as well.
    """

    _wait = 0.0

    def allow_request(self, request: Request, view: "APIView") -> bool:
        """Return whether the request is within the quotas, and count it if it is."""
        scope = getattr(view, "throttle_scope", None) or "read"
        self._wait = try_consume(request, _per_minute(request, {scope: 1, PROCESSOR: 0}))
        return not self._wait

    def wait(self) -> float:
        """Return the seconds until the next request is allowed."""
        return self._wait


def consume(request: Request, amounts: Mapping[str, int]) -> None:
    """Count additional units against quotas per minute.

    Raises `Throttled`, and counts nothing, if that would exceed a quota.
    """
    if wait := try_consume(request, _per_minute(request, amounts)):
        raise Throttled(wait)


def prepay(request: Request, milliseconds: int) -> None:
    """Count the estimated processor time of a request before it is used.

    Raises `Throttled`, and counts nothing, if that would exceed the quota.
    """
    consume(request, {PROCESSOR: milliseconds})
    earlier = getattr(request._request, "prepaid_milliseconds", 0)
    request._request.prepaid_milliseconds = earlier + milliseconds  # type: ignore[attr-defined]


def prepay_excess(request: Request, seconds: float) -> None:
    """Count the processor time that a running request has used beyond what is prepaid.

    Raises `Throttled`, and counts nothing, if that would exceed the quota.
    """
    excess = math.ceil(1000 * seconds) - getattr(request._request, "prepaid_milliseconds", 0)
    if excess > 0:
        prepay(request, excess)


def try_consume(request: Request, charges: list[Charge]) -> float:
    """Count the charges and return 0.

    If one would exceed its quota, count nothing and return the seconds to wait.
    """
    now = time.time()
    keys = [charge.keys(now) for charge in charges]
    # Increment before comparing, so that two simultaneous requests count each other.
    _add(request._request, charges)
    found = cache.get_many([key for each in keys for key in each])
    counts = [[found.get(key, 0) for key in each] for each in keys]
    states = _quota_states(request._request)
    wait = 0.0
    for charge, slots in zip(charges, counts, strict=True):
        total = sum(slots)
        reset = charge.seconds_until_release(slots, total, now) if total > 0 else 0
        states[charge.quota] = (charge, max(0, charge.limit - total), reset)
        if total > charge.limit:
            release = charge.seconds_until_release(slots, total - charge.limit, now)
            wait = max(wait, release)
    if wait:
        _add(request._request, charges, sign=-1)
    return wait


def used(request: Request, quota: str) -> int:
    """Return the units of a quota that the client had used when this request was counted."""
    state = _quota_states(request._request).get(quota)
    return state[0].limit - state[1] if state else 0


def refund(request: Request, charges: list[Charge]) -> None:
    """Give back units that the request was charged for, but has not used."""
    _add(request._request, charges, sign=-1)


def client_name(request: Request) -> str:
    """Return the user of the API key, or the client address without a key."""
    return f"user {request.user.pk}" if request.auth else client_ip.client_network(request)


class RateLimitMiddleware:
    """Count the processor time of the API's requests, and tell the client its quotas.

    The headers follow draft-ietf-httpapi-ratelimit-headers-10.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.thread_time()
        response = self._get_response(request)
        states = _quota_states(request)
        if PROCESSOR in states:
            _count_time(request, states[PROCESSOR][0], time.thread_time() - started)
        if states:
            response["RateLimit-Policy"] = ", ".join(
                charge.policy() for charge, _, _ in states.values()
            )
            response["RateLimit"] = ", ".join(
                f'"{quota}";r={remaining};t={reset:.0f}'
                for quota, (_, remaining, reset) in states.items()
            )
        return response


def _count_time(request: HttpRequest, charge: Charge, seconds: float) -> None:
    """Count the processor time that was used, without what was prepaid."""
    milliseconds = round(1000 * seconds) - getattr(request, "prepaid_milliseconds", 0)
    _add(request, [replace(charge, amount=milliseconds)])


def _per_minute(request: Request, amounts: Mapping[str, int]) -> list[Charge]:
    """Return a charge for each amount whose quota is limited."""
    client = client_name(request)
    limits = settings.QUOTAS
    return [
        Charge(quota, limits[quota], MINUTE, client, amount)
        for quota, amount in amounts.items()
        if quota in limits
    ]


def _quota_states(request: HttpRequest) -> dict[str, tuple[Charge, int, float]]:
    """Return the state of each quota: a charge, the remaining units, and the reset time."""
    if not hasattr(request, "rate_limits"):
        request.rate_limits = {}  # type: ignore[attr-defined]
    states: dict[str, tuple[Charge, int, float]] = request.rate_limits  # type: ignore[attr-defined]
    return states


def _add(request: HttpRequest, charges: list[Charge], sign: int = 1) -> None:
    """Count the charges in the slot of the request's first charge.

    A refund in a later slot would still lower the sum after the charge has left the window.
    """
    if not hasattr(request, "first_charged_at"):
        request.first_charged_at = time.time()  # type: ignore[attr-defined]
    first_charged_at: float = request.first_charged_at  # type: ignore[attr-defined]
    amounts = {
        charge.current_key(first_charged_at): sign * charge.amount
        for charge in charges
        if charge.amount
    }
    if amounts:
        # All charges of a request's check have the same window.
        cache.increment_many(amounts, 2 * charges[0].window)  # type: ignore[attr-defined]
