"""One step of a flow, in a transaction of its own."""

from collections.abc import Callable
from typing import TypeVar

from django.db import DatabaseError, OperationalError, router, transaction

from passwordless_otp.errors import ServiceUnavailable
from passwordless_otp.models import Flow

T = TypeVar("T")

TRIES = 3
CONFLICTS = {"40001", "40P01"}  # PostgreSQL: serialization failure, deadlock
BUSY = ("database is locked", "database table is locked")  # SQLite: BUSY, LOCKED


def run(step: Callable[[], T]) -> T:
    """Return what `step` returns, committed. Raises `ServiceUnavailable` when others keep being in the way.

    Inside somebody else's transaction it raises `RuntimeError` before anything is counted: that one could
    roll back, and give a try back with it. `step` may run more than once, so it reads what it decides on.
    """
    for _ in range(TRIES):
        try:
            with transaction.atomic(using=router.db_for_write(Flow), durable=True):
                return step()
        except OperationalError as error:
            if not _conflict(error):
                raise
    raise ServiceUnavailable


def _conflict(error: DatabaseError) -> bool:
    state = getattr(error.__cause__, "sqlstate", None)
    return state in CONFLICTS or str(error).startswith(BUSY)
