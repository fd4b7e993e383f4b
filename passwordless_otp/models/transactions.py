"""One step of a flow, in a transaction of its own."""

from collections.abc import Callable
from typing import TypeVar

from django.db import OperationalError, models, router, transaction

from passwordless_otp.errors import ServiceUnavailable
from passwordless_otp.models.flows import Flow

T = TypeVar("T")

TRIES = 3
CONFLICTS = {"40001", "40P01"}  # PostgreSQL: serialization failure, deadlock
BUSY = ("database is locked", "database table is locked")  # SQLite: BUSY, LOCKED


def run_step(step: Callable[[], T], *rows: models.Model) -> T:
    """Return what `step` returns, committed. Raises `ServiceUnavailable` when others keep being in the way.

    Where the transaction is rolled back, what `step` has made of `rows` is undone with it. Inside somebody
    else's transaction it raises `RuntimeError` before anything is counted: that one could roll back, and give
    a try back with it. `step` may run more than once, so it reads what it decides on.
    """
    for _ in range(TRIES):
        before = [(row, dict(row.__dict__), dict(row._state.fields_cache)) for row in rows]
        try:
            with transaction.atomic(using=router.db_for_write(Flow), durable=True):
                return step()
        except BaseException as error:
            for row, values, related in before:
                row.__dict__.clear()
                row.__dict__.update(values)
                row._state.fields_cache = related
            if not _conflict(error):
                raise
    raise ServiceUnavailable


def _conflict(error: BaseException) -> bool:
    if not isinstance(error, OperationalError):
        return False
    state = getattr(error.__cause__, "sqlstate", None)
    return state in CONFLICTS or str(error).startswith(BUSY)
