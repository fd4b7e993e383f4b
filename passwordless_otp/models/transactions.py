"""What our transactions have in common: they are durable, and they are tried again after a conflict.

Two transactions that want the same rows may stop each other: PostgreSQL reports a serialization failure or a
deadlock, SQLite reports that the database is locked. Neither has then changed anything, so the step is run again.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from django.db import OperationalError, router, transaction

from passwordless_otp.errors import ServiceUnavailable
from passwordless_otp.models.flows import Flow

P = ParamSpec("P")
T = TypeVar("T")

TRIES = 3
CONFLICTS = {"40001", "40P01"}  # PostgreSQL: serialization failure, deadlock
BUSY = ("database is locked", "database table is locked")  # SQLite: BUSY, LOCKED


def durable() -> Any:
    """Return the context of one transaction on the database of the flows.

    It raises `RuntimeError` inside a transaction of the site, which could roll back and so undo a counted try.
    """
    return transaction.atomic(using=router.db_for_write(Flow), durable=True)


def retry_on_conflict(step: Callable[P, T]) -> Callable[P, T]:
    """Run `step` again after a conflict, three times in all. Then it raises `ServiceUnavailable`.

    `step` must raise conflicts only while nothing of it is committed.
    """

    @wraps(step)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        for _ in range(TRIES):
            try:
                return step(*args, **kwargs)
            except OperationalError as error:
                if not is_conflict(error):
                    raise
        raise ServiceUnavailable

    return run


def is_conflict(error: BaseException) -> bool:
    """Return whether the database has rolled back because another transaction was in the way."""
    if not isinstance(error, OperationalError):
        return False
    state = getattr(error.__cause__, "sqlstate", None)
    return state in CONFLICTS or str(error).startswith(BUSY)
