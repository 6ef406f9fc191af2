"""Django's Redis cache, with the memory of the process as its fallback."""

from django.core.cache.backends import redis
from redis.exceptions import RedisError

from digitsite.memory_fallback import MemoryFallback


class RedisCache(MemoryFallback, redis.RedisCache):
    """A cache in Redis."""

    store_errors = (RedisError,)
