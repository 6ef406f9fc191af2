"""Django's Redis cache, with the memory of the process as its fallback."""

from collections.abc import Mapping

from django.core.cache.backends import redis
from redis.exceptions import RedisError

from digitsite.memory_fallback import MemoryFallback


class CountingRedisCache(redis.RedisCache):
    """Django's Redis cache, and a method that increments values in one round trip.

    Django's `incr` needs two of them, and more to create a value.
    """

    def increment_many(self, deltas: Mapping[str, int], timeout: int) -> dict[str, int]:
        """Add to several values at once, and return the new ones.

        A value that does not exist begins at 0, and expires after `timeout` seconds.
        """
        pipeline = self._cache.get_client(write=True).pipeline()
        for key, delta in deltas.items():
            name = self.make_and_validate_key(key)
            pipeline.set(name, 0, ex=timeout, nx=True)
            pipeline.incrby(name, delta)
        return dict(zip(deltas, pipeline.execute()[1::2], strict=True))


class RedisCache(MemoryFallback, CountingRedisCache):
    """A cache in Redis."""

    store_errors = (RedisError,)
