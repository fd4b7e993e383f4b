"""The instance settings as this process read them last: used for a second, and never past a save of its own."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

SECONDS = 1.0

T = TypeVar("T")


@dataclass
class _Memo:
    value: Any = None
    until: float = field(default_factory=lambda: time.monotonic() + SECONDS)


_memo = _Memo()


def recall(read: Callable[[], T]) -> T:
    """Return what was read last, or read."""
    global _memo  # noqa: PLW0603
    memo = _memo
    if memo.value is not None and time.monotonic() < memo.until:
        kept: T = memo.value
        return kept
    value = read()
    fresh = _Memo(value)
    if _memo is memo:  # else a save came between, and this may be what was there before it
        _memo = fresh
    return value


def forget() -> None:
    """Read afresh the next time."""
    global _memo  # noqa: PLW0603
    _memo = _Memo()
