"""Is the database one that keeps what is promised?"""

import sqlite3
from collections.abc import Iterator
from typing import Any

from django.contrib.auth import get_user_model
from django.core.checks import CheckMessage
from django.db import connections, router

from passwordless_otp.checks.findings import error, warning
from passwordless_otp.models import (
    Counter,
    Flow,
    Identifier,
    InstanceSettings,
    Message,
    ProviderHealth,
    Restriction,
    TestAddress,
    Verification,
)

OURS = [
    ProviderHealth,
    Counter,
    Flow,
    Identifier,
    InstanceSettings,
    Message,
    Restriction,
    TestAddress,
    Verification,
]
SQLITE = (3, 35)


def check_database(**_: Any) -> list[CheckMessage]:
    """Look at where our tables and the users are."""
    return [*_split(), *_unsupported()]


def _split() -> Iterator[CheckMessage]:
    home = router.db_for_write(get_user_model())
    elsewhere = [model.__name__ for model in OURS if router.db_for_write(model) != home]
    if elsewhere:
        hint = "Let DATABASE_ROUTERS keep them together: one transaction makes a user and what was verified."
        yield error("E005", f"Users are written to {home!r}, but not {', '.join(elsewhere)}.", hint)


def _unsupported() -> Iterator[CheckMessage]:
    vendor = connections[router.db_for_write(Flow)].vendor
    if vendor == "postgresql" or (vendor == "sqlite" and sqlite3.sqlite_version_info >= SQLITE):
        return
    hint = "What happens when two requests race was tried on PostgreSQL and on SQLite from 3.35 on, only."
    yield warning("W001", f"The database ({vendor}) is not supported.", hint)
