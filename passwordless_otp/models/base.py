"""Keys that sort by time, so that inserts stay at one end of the index."""

import secrets
import time
import uuid
from typing import Any

from django.db import models, router


def uuid7() -> uuid.UUID:
    """Return a time-ordered UUID (RFC 9562 §5.7): 48 bits of milliseconds, 74 random ones."""
    milliseconds = time.time_ns() // 1_000_000
    number = milliseconds << 80 | 7 << 76 | secrets.randbits(12) << 64 | 0b10 << 62 | secrets.randbits(62)
    return uuid.UUID(int=number)


class PrimaryManager(models.Manager[Any]):
    """Use the database that the site's routers write this model to."""

    def get_queryset(self) -> models.QuerySet[Any]:
        """Leave it to `using()` to name another."""
        return super().get_queryset().using(self._db or router.db_for_write(self.model))
