"""What all models share: keys, the manager, transactions that are tried again, and SELECTs compiled once.

Two transactions that want the same rows may stop each other: PostgreSQL reports a serialization failure or a
deadlock, SQLite reports that the database is locked. Neither has then changed anything, so the step is run again.
"""

import secrets
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from functools import cache, wraps
from typing import Any, ParamSpec, TypeVar

from django.db import (
    DataError,
    IntegrityError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
    connections,
    models,
    router,
    transaction,
)
from django.db.models import QuerySet

from passwordless_otp.errors import ServiceUnavailable

P = ParamSpec("P")
T = TypeVar("T")

TRIES = 3
# By which the clocks of several servers may differ. What was written later than that from now was written before
# the clock went back: it counts as due, so that nobody waits for it.
SKEW = timedelta(minutes=1)
CONFLICTS = {"40001", "40P01"}  # PostgreSQL: serialization failure, deadlock
MISSING = ("no such table", "no such column")  # SQLite's; PostgreSQL raises `ProgrammingError`
# Faults that may be over in a moment, by the names of their classes: also those of a cache that keeps sessions.
PASSING = {"ConnectionError", "DatabaseError", "InterfaceError", "ServiceUnavailable", "TimeoutError"}
BUSY = ("database is locked", "database table is locked")  # SQLite: BUSY, LOCKED


def uuid7() -> uuid.UUID:
    """Return a time-ordered UUID (RFC 9562 §5.7): 48 bits of milliseconds, 74 random ones.

    Keys that sort by time keep inserts at one end of the index.
    """
    milliseconds = time.time_ns() // 1_000_000
    number = milliseconds << 80 | 7 << 76 | secrets.randbits(12) << 64 | 0b10 << 62 | secrets.randbits(62)
    return uuid.UUID(int=number)


@cache
def columns_of(model: type[models.Model]) -> list[str]:
    """Return the names of the model's columns, in the order in which `from_db` takes their values."""
    return [field.attname for field in model._meta.concrete_fields]


class PrimaryManager(models.Manager[Any]):
    """Reads from the database that this model is written to: a replica may not have the newest flow yet."""

    def get_queryset(self) -> models.QuerySet[Any]:
        """Return a queryset on that database, unless `using()` has named another."""
        return super().get_queryset().using(self._db or router.db_for_write(self.model))


def durable(model: type[models.Model]) -> Any:
    """Return the context of one transaction on the database that `model` is written to.

    It raises `RuntimeError` inside a transaction of the site, which could roll back and so undo a counted try.
    """
    return transaction.atomic(using=router.db_for_write(model), durable=True)


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


def diagnose(error: Exception) -> tuple[ServiceUnavailable, str]:
    """Return what a visitor is told of this failure, and its cause in words that a log may keep.

    `error` is the database's, or a `ServiceUnavailable` raised from its cause. Only texts that name tables,
    columns and constraints are repeated, without the lines that may quote a statement or a row.
    """
    cause = error.__cause__ if isinstance(error, ServiceUnavailable) else error
    if cause is None:
        return ServiceUnavailable(), "conflict"
    text = str(cause).partition("\n")[0]
    is_missing = isinstance(cause, OperationalError) and text.startswith(MISSING)
    if isinstance(cause, ProgrammingError | IntegrityError) or is_missing:
        return ServiceUnavailable.until_repaired(), f"{type(cause).__name__}: {text}"
    names = {kind.__name__ for kind in type(cause).__mro__}
    is_passing = names & PASSING and not isinstance(cause, DataError | NotSupportedError)
    told = ServiceUnavailable() if is_passing else ServiceUnavailable.until_repaired()
    return told, type(cause).__name__


def compiled_select(build: Callable[..., QuerySet[Any, Any]], using: str, *values: str) -> Iterator[Any]:
    """Yield the rows of `build(using, *values)`, a queryset with `values_list()`. The values must be strings.

    Building and compiling a queryset takes Django several times as long as the database takes to answer. So the
    connection keeps the SQL, with the places of its values, and later only the values change. `build` must return
    the same queryset but for the values, whenever it is called with as many of them.
    """
    connection = connections[using]
    kept = vars(connection).setdefault("_passwordless_otp_statements", {})
    key = (build, len(values))
    if key not in kept:
        markers = [f"<value {number}>" for number in range(len(values))]
        compiler = build(using, *markers).query.get_compiler(using)
        sql, parameters = compiler.as_sql()
        places = [markers.index(each) if each in markers else None for each in parameters]
        converters = compiler.get_converters([column for column, _, _ in compiler.select])
        kept[key] = sql, list(zip(places, parameters, strict=True)), compiler, converters
    sql, parameters, compiler, converters = kept[key]
    with connection.cursor() as cursor:
        cursor.execute(sql, [each if place is None else values[place] for place, each in parameters])
        rows = cursor.fetchall()
    return iter(compiler.apply_converters(rows, converters) if converters else rows)


def update(model: type[models.Model], changes: Mapping[str, Any], where: str, **values: Any) -> int:
    """Change the rows of `model` that meet `where`, and return their number. For what every sign-in runs.

    `where` is SQL, with a place for each of the `values` in their order; they are prepared by the field of their
    name. A change that is an `SQL` stands in the statement as it is. Building an UPDATE takes Django several
    times as long as the database takes to run it.
    """
    connection, meta = connections[router.db_for_write(model)], model._meta
    fields: dict[str, Any] = {name: meta.get_field(name) for name in [*changes, *values]}
    places = {name: new if isinstance(new, SQL) else "%s" for name, new in changes.items()}
    assignments = ", ".join([f'"{fields[name].column}" = {place}' for name, place in places.items()])
    given = [(name, new) for name, new in changes.items() if not isinstance(new, SQL)] + list(values.items())
    parameters = [fields[name].get_db_prep_save(getattr(new, "pk", new), connection) for name, new in given]
    with connection.cursor() as cursor:
        cursor.execute(f'UPDATE "{meta.db_table}" SET {assignments} WHERE {where}', parameters)  # noqa: S608
        return int(cursor.rowcount)


class SQL(str):
    """A piece of SQL, for `update`."""
