"""A cache that can be stopped, as a Redis server can."""

from django.core.cache.backends.locmem import LocMemCache

stopped = []


class Cache(LocMemCache):
    """Raises `ConnectionError` while `stopped` is not empty."""

    def get(self, *args, **kwargs):
        if stopped:
            raise ConnectionError
        return super().get(*args, **kwargs)

    def add(self, *args, **kwargs):
        if stopped:
            raise ConnectionError
        return super().add(*args, **kwargs)

    def set(self, *args, **kwargs):
        if stopped:
            raise ConnectionError
        super().set(*args, **kwargs)

    def delete(self, *args, **kwargs):
        if stopped:
            raise ConnectionError
        return super().delete(*args, **kwargs)
