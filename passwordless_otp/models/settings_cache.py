"""The instance settings that this process has read in the last second, for each database and schema.

`InstanceSettings.current` reads and fills it. Whatever changes settings or restrictions clears it.
"""

from collections.abc import Hashable
from typing import Any

SECONDS = 1.0

entries: dict[
    Hashable, tuple[Any, float]
] = {}  # key → settings, and the `time.monotonic()` when they are too old


def clear() -> None:
    """Forget everything, so that the next call reads the database."""
    global entries  # noqa: PLW0603
    entries = {}
