"""A cache that can be stopped, as a Redis server can."""

from django.core.cache.backends.locmem import LocMemCache

stopped = []


class Cache(LocMemCache):
    """Raises `ConnectionError` while `stopped` is not empty."""

    def make_and_validate_key(self, *args, **kwargs):
        """Every operation begins with this."""
        if stopped:
            raise ConnectionError
        return super().make_and_validate_key(*args, **kwargs)
