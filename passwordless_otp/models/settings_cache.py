"""The instance settings as this process read them last: used for a second, and never past a save of its own."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

SECONDS = 1.0

T = TypeVar("T")


@dataclass
class _Cached:
    value: Any = None
    until: float = field(default_factory=lambda: time.monotonic() + SECONDS)


_cached = _Cached()


def get_or_read(read: Callable[[], T]) -> T:
    """Return what was read last, or read."""
    global _cached  # noqa: PLW0603
    cached = _cached
    if cached.value is not None and time.monotonic() < cached.until:
        kept: T = cached.value
        return kept
    value = read()
    fresh = _Cached(value)
    if _cached is cached:  # else a save came between, and this may be what was there before it
        _cached = fresh
    return value


def clear() -> None:
    """Read afresh the next time."""
    global _cached  # noqa: PLW0603
    _cached = _Cached()
