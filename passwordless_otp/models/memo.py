"""The instance settings as this process read them last: used for a second, and never past a save of its own."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

SECONDS = 1.0


@dataclass
class _Memo:
    value: Any = None
    until: float = field(default_factory=lambda: time.monotonic() + SECONDS)


_memo = _Memo()


def recall(read: Callable[[], Any]) -> Any:
    """Return what was read last, or read."""
    global _memo  # noqa: PLW0603
    memo = _memo
    if memo.value is not None and time.monotonic() < memo.until:
        return memo.value
    fresh = _Memo(read())
    if _memo is memo:  # else a save came between, and this may be what was there before it
        _memo = fresh
    return fresh.value


def forget() -> None:
    """Read afresh the next time."""
    global _memo  # noqa: PLW0603
    _memo = _Memo()
