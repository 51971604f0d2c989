"""Limits of tries, counted in the cache that all processes share."""

from django.core.cache import caches

from core.errors import TooMany


def spend(bucket: str, *, limit: int, seconds: int) -> None:
    """Count one try in the bucket. Raises TooMany when more than `limit` fall into `seconds`."""
    cache = caches["shared"]
    key = f"limit:{bucket}"
    cache.add(key, 0, seconds)
    try:
        used = cache.incr(key)
    except ValueError:  # it ran out between the two calls
        cache.set(key, 1, seconds)
        used = 1
    if used > limit:
        raise TooMany(extra={"retry_after": seconds})
