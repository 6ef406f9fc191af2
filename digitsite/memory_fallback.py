"""Let a cache backend use the memory of the process while its store fails."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final

from django.core.cache.backends.locmem import LocMemCache

RETRY_SECONDS: Final = 2.0  # between two attempts to use a store that has failed
MAX_ENTRIES: Final = 100_000

log = logging.getLogger(__name__)
_counting: Final = threading.Lock()  # No other thread may start the same count.


def _with_fallback(name: str) -> Callable[..., Any]:
    def operation(cache: "MemoryFallback", *args: Any, **kwargs: Any) -> Any:
        had_failed = cache.has_failed
        if cache._may_try():
            try:
                result = getattr(super(MemoryFallback, cache), name)(*args, **kwargs)
            except cache.store_errors as error:
                cache._set_retry(error)
            except ValueError:
                # incr() does not find the key. If the store has just recovered, it is in memory.
                cache._set_recovered()
                if not had_failed:
                    raise
            else:
                cache._set_recovered()
                return result
        return getattr(cache._memory, name)(*args, **kwargs)

    return operation


class MemoryCache(LocMemCache):
    """The memory of the process, with the same methods as the caches that fall back to it."""

    def increment_many(self, deltas: Mapping[str, int], timeout: int) -> dict[str, int]:
        """Add to several values, and return the new ones. New values begin at 0."""
        with _counting:
            return {key: self._increment(key, delta, timeout) for key, delta in deltas.items()}

    def _increment(self, key: str, delta: int, timeout: int) -> int:
        try:
            return self.incr(key, delta)
        except ValueError:
            self.set(key, delta, timeout)
            return delta


class MemoryFallback:
    """A mixin for cache backends.

    A cache that fails, for example because the disk is full, must not turn predictions into errors.
    The limits then hold for each process instead of for all of them together.
    """

    store_errors: tuple[type[Exception], ...]  # The errors of a store that fails.
    # Django creates one instance per thread. If the store has failed, one thread at a time tries it
    # again, so that the other threads do not wait for it. None means that the store works.
    _retry_at: ClassVar[float | None] = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # All instances of this name share their values.
        self._memory = MemoryCache("fallback", {"OPTIONS": {"MAX_ENTRIES": MAX_ENTRIES}})

    get = _with_fallback("get")
    get_many = _with_fallback("get_many")
    set = _with_fallback("set")
    add = _with_fallback("add")
    incr = _with_fallback("incr")
    increment_many = _with_fallback("increment_many")
    touch = _with_fallback("touch")
    delete = _with_fallback("delete")
    clear = _with_fallback("clear")

    def validate_key(self, key: str) -> None:
        """Accept each key. Django checks it for memcached, once for each slot of each quota."""

    def check_store(self) -> None:
        """Count in the store, without the fallback. Raises one of `store_errors` if it fails."""
        super().set("check", 0, timeout=1)  # type: ignore[misc]
        super().incr("check")  # type: ignore[misc]

    @property
    def has_failed(self) -> bool:
        """Return whether the store failed when it was last tried."""
        return type(self)._retry_at is not None

    def _may_try(self) -> bool:
        retry_at = type(self)._retry_at
        if retry_at is None:
            return True
        if time.monotonic() < retry_at:
            return False
        type(self)._retry_at = time.monotonic() + RETRY_SECONDS
        return True

    def _set_retry(self, error: Exception) -> None:
        if not self.has_failed:
            log.error("the cache fails, so this process counts in its memory: %s", error)
        type(self)._retry_at = time.monotonic() + RETRY_SECONDS

    def _set_recovered(self) -> None:
        if self.has_failed:
            type(self)._retry_at = None
            log.warning("the cache works again")
