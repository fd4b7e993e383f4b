"""The instance settings that this process has read in the last second, for each database and schema.

`InstanceSettings.current` reads and fills it. Whatever changes settings or restrictions clears it.
"""

from collections.abc import Hashable
from typing import Any

SECONDS = 1.0

entries: dict[Hashable, tuple[Any, float]] = {}  # key → settings, and until when on the monotonic clock


def clear() -> None:
    """Forget everything. A read under way fills the dictionary that was, so that nothing old comes back."""
    global entries  # noqa: PLW0603 - another dictionary is the point
    entries = {}
