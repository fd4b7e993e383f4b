"""Fill the tables with rows of earlier sign-ins, so that a benchmark can tell whether their number matters.

The database makes the rows itself, `CHUNK` in a statement. A user gets one identifier and two sign-ins that
succeeded long ago, each with its verification and its message; there are two counters a user.
"""

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection, models
from django.utils import timezone

from tools.site.package import EMAIL, Counter, Flow, Identifier, Message, Verification

CHUNK = 100_000
FIRST_USER = 1_000_000_000  # primary key: above those that the database gives
AGE = timedelta(days=30)
DAY = 86_400  # seconds

# Expressions for row number `n`. The first of each pair is PostgreSQL's, the second SQLite's.
UUID = ("lpad(to_hex(n), 32, '0')::uuid", "printf('%%032x', n)")
DIGEST = ("md5(n::text) || md5('-' || n)", "lower(hex(randomblob(32)))")
KEY = ("md5('counter' || n)", "lower(hex(randomblob(16)))")

Columns = dict[str, Any]


class Expression(str):
    """SQL that depends on the row number. Any other value of a column is a parameter."""

    __slots__ = ()


def fill(identifiers: int) -> dict[str, int]:
    """Add this number of users and identifiers, and two flows, verifications, messages and counters for each.

    Returns how many rows each table has got.
    """
    filled = {}
    for model, columns, times in _tables():
        for first, last in _chunks(identifiers * times):
            _insert(model, columns, first, last)
        filled[model._meta.db_table] = identifiers * times
    analyze()
    return filled


def analyze() -> None:
    """Update the planner's statistics, which PostgreSQL would else do while something is measured."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")


def _tables() -> list[tuple[type[models.Model], Columns, int]]:
    """Return each model, what its rows hold beside defaults, and how many rows there are for an identifier."""
    user_model = get_user_model()
    then = timezone.now() - AGE
    name = Expression("'filler' || n")
    email = Expression("'filler' || ((n + 1) / 2) || '@example.com'")
    user, key = Expression(f"{FIRST_USER} + n"), _expression(UUID)
    owner = Expression(f"{FIRST_USER} + (n + 1) / 2")
    flow = {
        "purpose": "sign_in",
        "status": "complete",
        "created_at": then,
        "completed_at": then,
        "expires_at": then,
    }
    verified = {"kind": EMAIL, "status": "verified", "max_tries": 5, "tries": 1, "sends": 1, "expires_at": then}
    sent = {"kind": "sign_in", "channel": "email", "status": "sent", "created_at": then, "sent_at": then}
    now = int(time.time())
    counter = {"key": _expression(KEY), "window": now, "count": 1, "limit": 5, "expires_at": now + DAY}
    return [
        (user_model, {"id": user, user_model.USERNAME_FIELD: name}, 1),
        (Identifier, {"kind": EMAIL, "value": Expression(f"{name} || '@example.com'"), "user_id": user}, 1),
        (
            Flow,
            {**flow, "id": key, "user_id": owner, "client": _expression(DIGEST), "email_address": email},
            2,
        ),
        (Verification, {**verified, "id": key, "flow_id": key, "value": email}, 2),
        (Message, {**sent, "id": key, "verification_id": key}, 2),
        (Counter, counter, 2),
    ]


def _expression(pair: tuple[str, str]) -> Expression:
    return Expression(pair[0] if connection.vendor == "postgresql" else pair[1])


def _chunks(rows: int) -> Iterator[tuple[int, int]]:
    """Yield the first and the last number of each chunk."""
    for first in range(1, rows + 1, CHUNK):
        yield first, min(first + CHUNK - 1, rows)


def _insert(model: type[models.Model], columns: Columns, first: int, last: int) -> None:
    """Insert the rows from `first` to `last`. A field that is not among `columns` gets its default."""
    unknown = columns.keys() - {field.attname for field in model._meta.local_concrete_fields}
    if unknown:
        raise ValueError(f"{model._meta.label} has no {sorted(unknown)}")
    fields = [field for field in model._meta.local_concrete_fields if not _made_by_database(field, columns)]
    expressions, parameters = [], []
    for field in fields:
        value = columns.get(field.attname, field.get_default())
        if isinstance(value, Expression):
            expressions.append(str(value))
        else:
            expressions.append("%s")
            parameters.append(field.get_db_prep_save(value, connection))
    quote = connection.ops.quote_name
    names = ", ".join(quote(str(field.column)) for field in fields)
    statement = f"INSERT INTO {quote(model._meta.db_table)} ({names}) SELECT {', '.join(expressions)} FROM series"
    with connection.cursor() as cursor:
        cursor.execute(f"{_series(first, last)} {statement}", parameters)


def _made_by_database(field: "models.Field[Any, Any]", columns: Columns) -> bool:
    return isinstance(field, models.AutoField) and field.attname not in columns


def _series(first: int, last: int) -> str:
    """Return a common table expression `series` with the numbers `n` from `first` to `last`."""
    if connection.vendor == "postgresql":
        return f"WITH series (n) AS (SELECT generate_series({first}, {last}))"
    return f"WITH RECURSIVE series (n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM series WHERE n < {last})"
