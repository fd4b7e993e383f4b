"""The instance settings that this process has read in the last second, for each database and schema."""

import time
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

SECONDS = 1.0

T = TypeVar("T")

_entries: dict[Hashable, tuple[Any, float]] = {}  # key → value, and when it is too old


def get_or_read(key: Hashable, read: Callable[[], T]) -> T:
    """Return the value under this key, or what `read` returns if there is none from the last second."""
    entries = _entries
    now = time.monotonic()
    value, until = entries.get(key, (None, now))
    if now < until:
        kept: T = value
        return kept
    fresh = read()
    entries[key] = (fresh, now + SECONDS)  # lost with `entries` if a save has cleared the cache meanwhile
    return fresh


def clear() -> None:
    """Forget everything, so that the next call reads the database."""
    global _entries  # noqa: PLW0603
    _entries = {}
